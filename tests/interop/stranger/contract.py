"""Everything that is said or heard is held to the schema of the page."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

PAGE = Path(__file__).parents[3] / "crates/protocol/schema/bellwire.v1.json"

document = json.loads(PAGE.read_text())
validators = {}


def hold(name, value):
    """Gives the value back, or says what in it is not as the page says."""
    if name not in validators:
        validators[name] = Draft202012Validator({**document, "$ref": f"#/$defs/{name}"})
    wrong = [error.message for error in validators[name].iter_errors(value)]
    if wrong:
        raise AssertionError(f"{name} {json.dumps(value)[:400]}: {wrong}")
    return value
