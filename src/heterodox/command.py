"""Run a function as a command-line program: its signature is the interface, its errors are one line."""

import argparse
import inspect
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from heterodox.errors import UserError


def parser_for(function: Callable[..., Any]) -> argparse.ArgumentParser:
    """Build the parser: one `--option` per parameter; annotations Path, str, int, float, dict (JSON), list[...].

    A parameter with a default may be left out; a list takes any number of values, none included.
    """
    parser = argparse.ArgumentParser(description=inspect.getdoc(function))
    types = get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, many = types[name], get_origin(types[name]) is list
        convert = get_args(kind)[0] if many else json.loads if kind is dict else kind
        required = parameter.default is inspect.Parameter.empty
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=convert,
            nargs="*" if many else None,
            required=required,
            default=None if required else parameter.default,
        )
    return parser


def run(function: Callable[..., Any], arguments: list[str] | None = None) -> None:
    """Call `function` with the command line's values; a user's error prints one line and exits with 1."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    values = vars(parser_for(function).parse_args(arguments))
    try:
        function(**values)
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or Path(sys.argv[0]).name}: {error.strerror or error}")
