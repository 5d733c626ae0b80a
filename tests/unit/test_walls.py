"""The walls of the house (DESIGN.md, "The house"): what stands where, and how large it may get.

What may import what is checked by import-linter (``pyproject.toml``).
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "assistant",
    "connect",
    "controllers",
    "definition",
    "jobs",
    "mapping",
    "models",
    "remote",
    "road",
    "wizards",
)
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted([*ROOT.glob("*.py"), *(path for one in FOLDERS for path in (ROOT / one).rglob("*.py"))])
}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}

# ----------------------------------------------------------------------------------------------------------------------
# A table's SQL stands in its model's file
# ----------------------------------------------------------------------------------------------------------------------

# What writes a table or reads its rows; a join, or the question whether there is a row, may stand elsewhere.
STATEMENT = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM|(?<!SELECT )FROM)\s+(bridge_\w+)")
HOMES = {"bridge_job": {"jobs"}}
# Statements about several tables at once, each with its reason.
SQL_FOR_GOOD = {
    ("connect/shared_tokens.py", "bridge_connector"): "read without the ORM, in threads and in transactions of its own",
    ("connect/shared_tokens.py", "bridge_gate"): "the same",
    ("connect/turnstile.py", "bridge_connector"): "the same",
    ("connect/turnstile.py", "bridge_gate"): "the same",
    ("jobs/claim.py", "bridge_connector"): "one statement takes jobs, so that two lanes can not take the same ones",
    ("jobs/claim.py", "bridge_gate"): "the same",
    ("jobs/outcome.py", "bridge_gate"): "which gates of some jobs are not open, asked without reading the jobs",
    ("models/bridge_approval.py", "bridge_connector"): "whether anything has changed that an approval is about",
    ("models/bridge_approval.py", "bridge_flow"): "the same",
    ("models/bridge_approval.py", "bridge_operation"): "the same",
    ("models/bridge_approval.py", "bridge_field_mapping"): "the same",
    ("models/bridge_approval.py", "bridge_connector_caller_rel"): "the same",
    ("models/bridge_webhook_mixin.py", "bridge_connector"): "it is part of that model",
    ("models/bridge_change.py", "bridge_flow"): "which flows have changes that nothing is queued for",
    ("models/bridge_failure.py", "bridge_job"): "the error desk is a view of jobs and differences",
    ("models/bridge_failure.py", "bridge_drift"): "the same",
    ("models/bridge_seen.py", "bridge_binding"): "what is bound, and what a scan has seen: one statement compares them",
}


def statements():
    """The tables that each file has SQL on.

    :rtype: set[tuple[str, str]]
    """
    return {(name, table) for name, source in SOURCES.items() for table in STATEMENT.findall(source)}


def is_at_home(name, table):
    return name == f"models/{table}.py" or name.partition("/")[0] in HOMES.get(table, ())


def test_sql_on_a_table_stands_in_its_models_file():
    strangers = {one for one in statements() if not is_at_home(*one)} - SQL_FOR_GOOD.keys()
    assert not strangers


def test_statements_on_several_tables_are_still_there():
    assert SQL_FOR_GOOD.keys() <= statements()


@pytest.mark.parametrize(
    "source",
    [
        "INSERT INTO bridge_job (kind)",
        "UPDATE bridge_job\n   SET state = 'done'",
        "DELETE FROM bridge_job",
        "SELECT id\n  FROM bridge_job job",
    ],
)
def test_statement_is_found(source):
    assert STATEMENT.findall(source) == ["bridge_job"]


def test_look_at_whether_there_is_a_row_is_no_statement():
    assert not STATEMENT.findall("JOIN bridge_flow flow ON TRUE WHERE EXISTS (SELECT FROM bridge_job job)")


# ----------------------------------------------------------------------------------------------------------------------
# What decides is pure
# ----------------------------------------------------------------------------------------------------------------------

PURE = ("assistant/*.py", "mapping/*.py", "remote/*.py", "moments.py", "acting.py", "jobs/retry.py", "jobs/kinds.py")
PURE += ("road/*/plan.py", "road/push/create_once.py", "road/push/faults.py", "road/waves.py")
PURE_FILES = [name for name in SOURCES if any(Path(name).match(pattern) for pattern in PURE)]


def imported(name):
    """What a file imports: names of foreign packages, and files of ours.

    :rtype: tuple[set[str], set[str]]
    """
    foreign, ours = set(), set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            foreign |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            foreign.add(node.module.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = Path(name).parents[node.level - 1].joinpath(*(node.module or "").split("."))
            found = [base, *(base / alias.name for alias in node.names)]
            ours |= {str(path.with_suffix(".py")) for path in found if path.name} & SOURCES.keys()
    return foreign, ours


@pytest.mark.parametrize("name", PURE_FILES)
def test_pure_file_imports_no_odoo_also_not_through_another_one(name):
    seen, waiting = set(), {name}
    while waiting:
        one = waiting.pop()
        seen.add(one)
        foreign, ours = imported(one)
        assert "odoo" not in foreign, f"through {one}"
        waiting |= ours - seen


# ----------------------------------------------------------------------------------------------------------------------
# One model a file, and nothing of ours is inherited in here
# ----------------------------------------------------------------------------------------------------------------------

MODELS = {"Model", "AbstractModel", "TransientModel"}


def classes(name):
    return [node for node in ast.walk(TREES[name]) if isinstance(node, ast.ClassDef)]


def is_model(node):
    return any(isinstance(base, ast.Attribute) and base.attr in MODELS for base in node.bases)


def attribute(node, name):
    """The literal that a class gives an attribute; None if it has none."""
    for one in node.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id == name:
            return ast.literal_eval(one.value)
    return None


def is_extension(node):
    """Does the class extend one of our own models, instead of being a model of its own?"""
    inherited = attribute(node, "_inherit") or ()
    inherited = [inherited] if isinstance(inherited, str) else inherited
    return not attribute(node, "_name") and any(one.startswith("bridge.") for one in inherited)


def test_file_has_one_model():
    models = {name: sum(map(is_model, classes(name))) for name in SOURCES if name.startswith(("models/", "wizards/"))}
    assert not {name for name, number in models.items() if number > 1}


def test_odoo_finds_every_test():
    """pytest finds the files by itself; Odoo runs those that the package imports."""
    imported = set(re.findall(r"test_\w+", (ROOT / "tests" / "__init__.py").read_text()))
    assert imported == {path.stem for path in (ROOT / "tests").glob("test_*.py")}


def test_own_models_are_not_extended():
    assert not {name for name in SOURCES if any(map(is_extension, classes(name)))}


# ----------------------------------------------------------------------------------------------------------------------
# Sizes
# ----------------------------------------------------------------------------------------------------------------------

MOST_LINES, MOST_METHODS, MOST_FIELDS = 650, 45, 14
SIZED = ("models", "road", "jobs")


def sized():
    return [name for name in SOURCES if name.partition("/")[0] in SIZED]


def methods():
    """The number of methods of each class; of a model, those of all its classes.

    :rtype: dict[str, int]
    """
    numbers = defaultdict(int)
    for name in sized():
        for node in classes(name):
            key = f"{name}: {node.name}"
            if is_model(node):
                key = attribute(node, "_name") or attribute(node, "_inherit")
            numbers[key] += sum(isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) for one in node.body)
    return numbers


def data_fields(node):
    """The number of fields of a dataclass or NamedTuple; 0 for any other class."""
    marks = [*node.bases, *(one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)]
    is_data = any(isinstance(one, ast.Name) and one.id in ("NamedTuple", "dataclass") for one in marks)
    return sum(isinstance(one, ast.AnnAssign) for one in node.body) if is_data else 0


def test_file_is_no_longer_than_a_person_reads():
    long = {name for name in sized() if len(SOURCES[name].splitlines()) > MOST_LINES}
    assert not long


def test_class_has_not_too_many_methods():
    assert not {name for name, number in methods().items() if number > MOST_METHODS}


def test_data_object_has_not_too_many_fields():
    wide = {f"{name}: {node.name}" for name in sized() for node in classes(name) if data_fields(node) > MOST_FIELDS}
    assert not wide
