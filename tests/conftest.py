"""What a failure says where pytest's own words would take hours."""


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say where two files' bytes differ: pytest looks for the smallest difference, of weights for hours, under CI."""
    if op != "==" or not (isinstance(left, bytes) and isinstance(right, bytes)):
        return None
    shorter = min(len(left), len(right))
    place = next((place for place in range(shorter) if left[place] != right[place]), shorter)
    return [f"{len(left)} bytes and {len(right)} bytes are not the same from byte {place} on"]
