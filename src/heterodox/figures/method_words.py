"""Methods of explanation as readers know them."""

from heterodox.figures.style import words

NAMES = {
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "Guided Grad-CAM",
    "input_x_gradient": "Input x gradient",
    "gradient_shap": "Gradient SHAP",
    "lime": "LIME",
}


def method_words(method: str) -> str:
    """Return a method's name in words, without its number of steps: `gradient_shap-20` as `Gradient SHAP`."""
    stem = method.partition("-")[0]
    return NAMES.get(stem, words(stem)).replace(" x ", " \N{MULTIPLICATION SIGN} ")
