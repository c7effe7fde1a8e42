"""The four corruptions as their definition reads, pixel by pixel in plain Python: slow, obvious, the yardstick."""

import math

import numpy as np


def lines(image, angle, angle_variation, seed, density):
    height, width, _ = image.shape
    side = min(height, width)
    random = np.random.RandomState(seed)
    result = image.copy()
    for _ in range(int(density * side)):
        row, column = side * random.uniform(), side * random.uniform()
        direction = angle + 2 * np.pi * angle_variation * (random.uniform() - 0.5)
        up, left = np.cos(direction) * side, np.sin(direction) * side
        ends = int(row - up), int(column - left), int(row + up), int(column + left)
        for (y, x), opacity in opacities(*ends).items():
            if 0 <= y < height and 0 <= x < width:
                for channel in range(image.shape[2]):
                    result[y, x, channel] = int((1 - opacity) * float(result[y, x, channel]) + opacity * 128)
    return result


def opacities(row, column, last_row, last_column):
    """Return {(row, column): opacity} of an anti-aliased line (Zingl 2012), from the distance to the ideal line.

    Walk along the pixels nearest to the line; every pixel and, at each step, its neighbour towards the line, is as
    opaque as it is near: 1 - |(y - row) width - (x - column) height| / length.
    """
    height, width = abs(last_row - row), abs(last_column - column)
    down, right = (1 if row < last_row else -1), (1 if column < last_column else -1)
    length = math.sqrt(height**2 + width**2) or 1.0
    found, y, x = {}, 0, 0  # y and x count steps from the first end

    def mark(y, x):
        found[row + down * y, column + right * x] = 1 - abs(y * width - x * height) / length

    while True:
        mark(y, x)
        error = (y + 1) * width - (x + 1) * height
        sideways, downwards = 2 * error >= -width, 2 * error <= height
        if (sideways and x == width) or (downwards and not sideways and y == height):
            return found
        if sideways and error + height < length:
            mark(y + 1, x)
        if sideways and downwards and y == height:
            return found
        if downwards and width - error < length:
            mark(y, x + 1)
        x, y = x + sideways, y + downwards


def plasma(image, time, iterations, sharpness, scale, intensity):
    height, width, channels = image.shape
    result = np.empty_like(image)
    for row in range(height):
        for column in range(width):
            noise = _plasma_noise(row, column, time, iterations, sharpness, scale)
            if channels == 1:
                noise = [(noise[0] + noise[1] + noise[2]) / 3]
            for channel in range(channels):
                mixed = (1 - intensity / 255) * float(image[row, column, channel]) + intensity * noise[channel]
                result[row, column, channel] = int(min(max(mixed, 0), 255))
    return result


def _plasma_noise(row, column, time, iterations, sharpness, scale):
    x, y = column / scale, row / scale
    a = b = c = 1.0
    for _ in range(iterations):
        r0, r1 = np.cos(y * a + time / b) / c, np.sin(x * a + time / b) / c
        r0, r1 = r0 - 0.3 * r1, r1 + 0.3 * r0
        x, y = x + r0, y + r1
        a, b, c = a * 1.93, b * 1.15, c * (2.25 - sharpness)
    return [np.sin(x - time), np.sin((x + y + np.sin(time)) / 2), np.sin(y + time)]


def checkerboard(image, angle, cell, fraction, seed):
    height, width, _ = image.shape
    cells = int(4 * min(height, width) // cell)
    cut = np.random.RandomState(seed).uniform(size=(cells, cells)) < fraction
    result = image.copy()
    for y in range(height):
        for x in range(width):
            nx = (np.cos(angle) * y + np.sin(angle) * x) / cell
            ny = (-np.sin(angle) * y + np.cos(angle) * x) / cell
            if int(nx % 2) == int(ny % 2) and cut[int(nx), int(ny)]:
                result[y, x] = 128
    return result


def water_drop(image, centre_row, centre_column, radius, wavelength, phase, amplitude):
    height, width, _ = image.shape
    centre = np.array([centre_row, centre_column])
    result = np.empty_like(image)
    for y in range(height):
        for x in range(width):
            point = np.array([y, x])
            distance = np.linalg.norm(point - centre)
            if 0 < distance <= radius:
                shift = amplitude * np.sin(distance / wavelength * np.pi * 2 - phase) * (wavelength / distance)
                point = point + shift * (point - centre)
            result[y, x] = np.clip(_bilinear(image, *point), 0, 255).astype(np.uint8)
    return result


def _bilinear(image, row, column):
    top, left = math.floor(row), math.floor(column)

    def pixel(y, x):
        inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
        return image[y, x].astype(float) if inside else np.zeros(image.shape[2])

    upper = pixel(top, left) * (1.0 - column + left) + pixel(top, left + 1) * (1.0 - (left + 1) + column)
    lower = pixel(top + 1, left) * (1.0 - column + left) + pixel(top + 1, left + 1) * (1.0 - (left + 1) + column)
    return upper * (1.0 - row + top) + lower * (1.0 - (top + 1) + row)
