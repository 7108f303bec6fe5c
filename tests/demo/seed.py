"""
Makes one citizen who can sign at once and prints CITIZEN_LOGIN, CITIZEN_PASSWORD, CITIZEN_PIN as shell assignments.
Called by `make up` when the daemons answer, for run/stack.env. A citizen that stack.env names already, and who can sign in, is kept.
"""
import pathlib
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import antin_client as antin  # noqa: E402


def still_there(stack):
    person = antin.Person(stack.get("CITIZEN_LOGIN", ""), "", "", "", password=stack.get("CITIZEN_PASSWORD", ""), pin=stack.get("CITIZEN_PIN", ""))
    if not person.number:
        return None
    citizen = antin.Citizen(stack, person)
    page = citizen.visit(stack.signer_url + "/credential")
    return person if page.status == 200 and page.url.startswith(stack.signer_url) else None


def main():
    stack = antin.Stack()
    person = still_there(stack) or antin.ready_citizen(stack, antin.Officer(stack)).person
    for name, value in (("CITIZEN_LOGIN", person.number), ("CITIZEN_PASSWORD", person.password), ("CITIZEN_PIN", person.pin)):
        print(f"{name}={shlex.quote(value)}")


main()
