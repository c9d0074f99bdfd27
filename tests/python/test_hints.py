"""The type hints: mypy has nothing to say against the package and right uses of it, and finds wrong ones."""

import ast
import pathlib

import pytest
from conftest import small
from test_docs import EXAMPLES

import flowtrain
from flowtrain.engine import engine

api = pytest.importorskip("mypy.api")
PACKAGE = pathlib.Path(flowtrain.__file__).resolve().parent

SETTINGS = """
[mypy]
strict = True
[mypy-numpy.*,torch.*]
follow_imports = skip
ignore_missing_imports = True
"""

WRONG = {
    'Loader(views="two")': 'Argument "views"',
    'Loader(dtype="float64")': 'Argument "dtype"',
    "Loader().set_epoch(1.5)": 'Argument 1 to "set_epoch"',
    "View(crop_scal=(0.1, 1))": 'did you mean "crop_scale"?',
    "next(iter(Loader())).anything; Loader().nothing": 'has no attribute "nothing"',
}


@pytest.fixture(scope="module", name="findings")
def fixture_findings(tmp_path_factory):
    """What mypy says, by file: it reads everything at once, since its start takes longest."""
    folder = tmp_path_factory.mktemp("hints")
    (folder / "mypy.ini").write_text(SETTINGS)
    texts = {f"wrong{number}": f"from flowtrain import Loader, View\n{text}\n" for number, text in enumerate(WRONG)}
    texts |= {f"example{number}": text for number, text in enumerate(EXAMPLES) if "torch" not in text}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", str(PACKAGE.parent))
        said, errors, _ = api.run([f"--config-file={folder}/mypy.ini", "--cache-dir=/dev/null", "--no-error-summary",
                                   *(str(folder / f"{name}.py") for name in texts),
                                   *(str(file) for file in PACKAGE.glob("*.py"))])
    assert not errors
    return {name: [line for line in said.splitlines() if f"{name}.py:" in line] for name in texts} | {
        "package": [line for line in said.splitlines() if f"{PACKAGE}/" in line], "all": said.splitlines()}


def test_the_package_keeps_its_own_hints(findings):
    assert findings["package"] == []


def test_examples_of_the_docs_are_right(findings):
    examples = [name for name in findings if name.startswith("example")]
    assert len(examples) == 2
    assert all(findings[name] == [] for name in examples), findings["all"]


def test_wrong_uses_are_found(findings):
    for number, (text, message) in enumerate(WRONG.items()):
        assert len(findings[f"wrong{number}"]) == 1 and message in findings[f"wrong{number}"][0], (text, findings["all"])


def _is_of_the_stub_alone(node):
    return any(getattr(base, "id", "") == "TypedDict" for base in node.bases)


def test_the_stub_has_what_is_compiled():
    stub = ast.parse((PACKAGE / "_engine.pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.FunctionDef):
            assert callable(getattr(engine, node.name))
        elif isinstance(node, ast.ClassDef) and not _is_of_the_stub_alone(node):
            members = [member.name for member in node.body if isinstance(member, ast.FunctionDef)]
            assert all(hasattr(getattr(engine, node.name), member) for member in members), node.name
    declared = {node.name for node in stub.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    facts = next(node for node in stub.body if getattr(node, "name", "") == "Facts")
    with small(arrays="dlpack") as loader:
        assert {field.target.id for field in facts.body if isinstance(field, ast.AnnAssign)} == set(loader._facts)
    assert {name for name in dir(engine) if not name.startswith("_")} <= declared
