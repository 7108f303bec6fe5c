"""
What the documents say is there, is there, and what is there is in them: API descriptions, manual pages, example configurations, the table of attacks.
Asks programs for their --help and reads files; only the stack's build is needed.
"""
import functools
import os
import pathlib
import re
import subprocess

import antin_client as antin
import pytest
import yaml

ROOT = antin.ROOT
BUILD = ROOT / (os.environ.get("ANTIN_BUILD") or "build")
METHODS = {"get", "post", "put", "delete"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+[a-z]")
PAGES_IN_API = {("GET", "/authorize")}  # a page, and where every client begins


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def says(program, *options):
    """What a program tells of itself."""
    done = subprocess.run([BUILD / "bin" / program, *options], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def manual(program):
    """The manual page without its markup."""
    page, = (ROOT / "docs/man").glob(program + ".[18]")
    return re.sub(r"\\f[BIR]", "", text(page).replace("\\-", "-"))


# ---------------------------------------------------------------- API descriptions

def routes(daemon):
    """{(method, path): the row} of routes.c."""
    rows = re.findall(r'^    (?:\w+\([^)]*"/[^)]*\)|\{\.method = ".*?\}),$', text(f"{daemon}/routes.c"), re.M | re.S)
    found = {}
    for row in rows:
        path = re.search(r'"(/[^"]*)"', row).group(1).replace("*}", "}")  # the rest of a path is one parameter
        method = re.search(r'"(GET|POST|PUT|DELETE)"', row)
        found[method.group(1) if method else "POST" if row.lstrip().startswith("FORM") else "GET", path] = row
    return found


def is_page(row):
    return row.lstrip().startswith("PAGE") or "fail_page" in row or "/assets/" in row or (row.lstrip().startswith("FORM") and ", fail_" not in row)


def described(daemon):
    """{(method, path): the operation}, paths with an enumerated part written out."""
    api = yaml.safe_load(text(f"schema/openapi-{daemon}.yaml"))
    found = {}
    for path, item in api["paths"].items():
        for method in METHODS & set(item):
            operation = {**item[method], "parameters": [resolved(api, p) for p in (*item.get("parameters", ()), *item[method].get("parameters", ()))]}
            listed = [p for p in operation["parameters"] if p["in"] == "path" and "enum" in p["schema"]]
            for one in [path.replace("{%s}" % p["name"], value) for p in listed for value in p["schema"]["enum"]] or [path]:
                found[method.upper(), one] = operation
    return found


def resolved(api, parameter):
    return api["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]] if "$ref" in parameter else parameter


@pytest.mark.parametrize("daemon", ["idp", "signer"])
def test_each_route_for_programs_is_described_and_nothing_else(daemon):
    there, told = routes(daemon), set(described(daemon))
    assert len(there) == len(re.findall(r'^    .*"/', text(f"{daemon}/routes.c"), re.M)), "a row that this test cannot read"
    programs = {route for route, row in there.items() if not is_page(row)}
    assert programs - told == set(), "not described"
    assert told - programs == (PAGES_IN_API if daemon == "idp" else set()), "described, not there"


@pytest.mark.parametrize("daemon", ["idp", "signer"])
def test_parameters_in_paths_are_described(daemon):
    for (method, path), operation in described(daemon).items():
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path" and "enum" not in p["schema"]}
        assert named == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_guarded_routes_say_how_they_refuse():
    told = described("idp")
    for route, row in routes("idp").items():
        if row.lstrip().startswith(("OFFICER", "ADMIN")):
            assert {"401", "403", "503"} <= set(told[route]["responses"]), route


def members(node, where=()):
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*where, name), value
            yield from members(value, (*where, name))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from members(value, (*where, i))


@pytest.mark.parametrize("daemon", ["idp", "signer"])
def test_descriptions_are_whole(daemon):
    """References lead somewhere; no text lost its end to a comma (YAML then reads a member without a value)."""
    api = yaml.safe_load(text(f"schema/openapi-{daemon}.yaml"))
    names = [operation["operationId"] for operation in (item[m] for item in api["paths"].values() for m in METHODS & set(item))]
    assert len(names) == len(set(names))
    for where, value in members(api):
        assert value is not None, where
        if where[-1] == "$ref":
            assert functools.reduce(lambda node, name: node[name], value.removeprefix("#/").split("/"), api), where


# ---------------------------------------------------------------- programs, their manual pages and configurations

@pytest.mark.parametrize("program", ["antin-idpctl", "antin-idpd", "antin-signerd", "antin-keyd", "antin-verify", "antin-migrate"])
def test_help_and_manual_name_the_same_options(program):
    common, inner = {"--help", "--version", "--help-config"}, {"--pdf-reader"}  # inner: how a program starts itself
    told, explained = set(OPTION.findall(says(program, "--help"))), set(OPTION.findall(manual(program)))
    assert told - common == explained - common - inner


def test_every_command_of_idpctl_has_its_place_in_the_manual():
    commands = re.findall(r"^  ([a-z-]+ [a-z]+|maintain)\b", says("antin-idpctl", "--help"), re.M)
    assert len(commands) > 20
    assert [c for c in commands if c not in manual("antin-idpctl")] == []


def keys(listing):
    """{(section, key)} of an INI text, with those that are commented out."""
    found, section = set(), None
    for line in listing.splitlines():
        if head := re.match(r"\s*\[(\w+)\]", line):
            section = head.group(1)
        elif key := re.match(r"\s*[;#]?\s*(\w+) =", line):
            found.add((section, key.group(1)))
    return found


DAEMONS = {"antin-idpd": ["idp/idpd.conf.example", "idp/upstream.conf.example"], "antin-signerd": ["signer/signerd.conf.example"],
           "antin-keyd": ["certs/keyd/keyd-idp.conf.example", "certs/keyd/keyd-signer.conf.example"]}


@pytest.mark.parametrize("program", DAEMONS)
def test_example_configurations_have_keys_that_exist(program):
    for example in DAEMONS[program]:
        assert keys(text(example)) - keys(says(program, "--help-config")) == set(), example


@pytest.mark.parametrize("program", DAEMONS)
def test_every_key_of_a_configuration_is_in_the_manual_or_an_example(program):
    written = manual(program) + "".join(text(example) for example in DAEMONS[program])
    assert sorted(k for k in keys(says(program, "--help-config")) if not re.search(rf"\b{k[1]}\b", written)) == []


def test_commands_in_the_guides_exist():
    known = set(OPTION.findall(" ".join(manual(p.stem) for p in (ROOT / "docs/man").glob("antin*"))))
    commands = re.findall(r"^  ([a-z-]+ [a-z]+|maintain)\b", says("antin-idpctl", "--help"), re.M)
    for guide in ("docs/operator.md", "docs/portal-developer.md"):
        for line in re.findall(r"antin-idpctl (?:-c \S+ )?([^`\n]+)", text(guide)):
            assert any(line.startswith(c) for c in commands), (guide, line)
            assert set(OPTION.findall(line)) <= known, (guide, line)
        for option in re.findall(r"`(?:client|account|session|audit|key)[^`]*`", text(guide)):
            assert set(OPTION.findall(option)) <= known, (guide, option)


# ---------------------------------------------------------------- the table of attacks

def test_the_table_of_attacks_names_tests_that_exist():
    table = text("SECURITY.md").split("| attack | shown by |")[1].split("\n\n")[0]
    tests = {p.name: re.findall(r"^def test_(\w+)", text(p), re.M) for p in pathlib.Path(__file__).parent.glob("test_*.py")}
    for row in table.splitlines()[2:]:
        shown = row.split(" | ")[1].rstrip("| ")
        for part in re.split(r"; ", shown):
            files = re.findall(r"`(test_\w+\.py)`", part) or ["test_idp_attacks.py"]
            assert set(files) <= set(tests), row
            there = [name for f in files for name in tests[f]]
            for name in re.findall(r"…?\b[a-z0-9]+(?:_[a-z0-9]+)+_?…?", re.sub(r"`[^`]*`", "", part)):
                begins, core = not name.startswith("…"), name.strip("…").rstrip("_")
                assert any(t.startswith(core) if begins else core in t for t in there), (row, name)


def test_the_table_of_bad_files_names_tests_that_exist():
    table = text("SECURITY.md").split("| input | shown by |")[1].split("\n\n")[0]
    here = pathlib.Path(__file__).parent
    for row in table.splitlines()[2:]:
        for part in row.split(" | ")[1].rstrip("| ").split("; "):
            name, = re.findall(r"`(test_\w+\.(?:c|py))`", part)
            source = text(here / name if name.endswith(".py") else here.parent / "unit" / name)
            shown = re.findall(r"\w+", re.sub(r"`[^`]*`", "", part))
            assert shown, row
            for test in shown:
                pattern = rf"^def test_{test}\w*\(" if name.endswith(".py") else rf"^static void {test}\(void \*\*state\)"
                assert re.search(pattern, source, re.M), (row, test)
