"""
`make demo`: takes a dossier from a citizen's login to verified signatures on the running stack and prints what each step proved.
Usage: demo.py [FILE…] (default: tests/vectors/demo). Leaves its results in run/demo/. Exit 1 if any claim is false.
The parties (officer, portal, citizen, court, foreign programs) are one module each; they know each other by HTTP and files only.
"""
import hashlib
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow")]
import antin_client as antin  # noqa: E402
import citizen as citizen_part  # noqa: E402
import court  # noqa: E402
import foreign  # noqa: E402
import officer as officer_part  # noqa: E402
import portal  # noqa: E402
from proof import Proofs  # noqa: E402

VECTORS = antin.ROOT / "tests/vectors/demo"
FILES = ["to-khai.pdf", "xac-nhan-cu-tru.pdf", "tap-tai-lieu.pdf", "to-khai.xml", "anh-chan-dung.jpg"]


def chosen_files(args):
    files = [pathlib.Path(a) for a in args] or [VECTORS / f for f in FILES]
    missing = [str(f) for f in files if not f.is_file()]
    if missing:
        raise SystemExit("demo: no such file: " + ", ".join(missing))
    return files


def clear(folder):
    """Takes away the last run's results, not the people and the files signed with revoked certificates."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name not in ("people.json", "revoked"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def alive(officer, person):
    return next((c for c in officer.credentials(person.subject) if c["state"] == "active"), None)


def revoked_files(stack, officer, people, server, folder):
    """
    Two citizens sign one file each and lose their certificates: the first from an hour before the signature, the second only after it.
    Done once; later runs look at the same files with the CRL as it is then.
    """
    folder.mkdir(exist_ok=True)
    paths = []
    for person, moment in ((people.all[1], "before"), (people.all[2], "after")):
        path = folder / f"{moment}.signed.pdf"
        paths.append(path)
        if path.exists() and "revoked" in people.notes[person.id]:
            continue
        who = antin.Citizen(stack, person)
        if not alive(officer, person):
            who.choose_pin()
        api, answer, name = portal.small_dossier(stack, server, who, VECTORS / "to-khai.pdf")
        page = who.sign(answer["sign_url"])
        assert page.status == 200, page.words()[:300]
        path.write_bytes(api.component(answer["id"], name, "signed"))
        time.sleep(1.1)  # times are in seconds: a revocation in the second of the signature would count as before it
        since = {"invalid_since": court.hour_before(path)} if moment == "before" else {}
        officer.revoke(alive(officer, person)["id"], "key_compromise" if since else "superseded", **since)
        people.notes[person.id].append("revoked")
        people.save()
    return paths


def waiting_dossier(stack, server, person):
    """One more dossier that waits for a person who wants to try by hand."""
    return portal.small_dossier(stack, server, antin.Citizen(stack, person), VECTORS / "to-khai.pdf")[1]["sign_url"]


def main():
    files = chosen_files(sys.argv[1:])
    stack, folder, proofs = antin.Stack(), antin.run_dir() / "demo", Proofs()
    clear(folder)
    trust = hashlib.sha256(pathlib.Path(stack.trust_pem).read_bytes()).hexdigest()
    people = officer_part.People(folder / "people.json", VECTORS / "citizens.csv", trust)
    if not people.notes:
        shutil.rmtree(folder / "revoked", ignore_errors=True)
    officer, server = antin.Officer(stack), portal.Server(stack)
    officer_part.part(officer, people, proofs)
    who = antin.Citizen(stack, people.all[0])
    session = portal.login(server, who, proofs)
    api, answer, sent = portal.dossier(stack, session, files, proofs)
    citizen_part.sign(who, answer, sent, proofs)
    citizen_part.looked_at(api, answer, sent, proofs)
    signed = court.part(stack, answer["id"], sent, folder, proofs)
    court.revoked(stack, *revoked_files(stack, officer, people, server, folder / "revoked"), folder, proofs)
    foreign.part(stack, signed, folder, proofs)
    proofs.table()
    proofs.save(folder / "proofs.json")
    say_what_to_open(stack, people.all[0], waiting_dossier(stack, server, people.all[0]), folder)
    return 0 if proofs.all_true() else 1


def say_what_to_open(stack, person, sign_url, folder):
    print(f"""
Results: {folder}
  dossier.asice                     the dossier in one file: build/bin/antin-verify --trust {stack.trust_pem} {folder}/dossier.asice
Open in a browser (add ?lang=en for English):
  {stack.idp_url}/             the identity provider
  {stack.signer_url}/credential   the signing key and its certificate
  {sign_url}
                                    a dossier that waits for the signature of {person.name} (fictional):
                                    number {person.number}   password {person.password}   PIN {person.pin}
`make down` stops everything.""")


try:
    sys.exit(main())
except (OSError, antin.requests.RequestException) as e:  # not there, or its port is taken
    sys.exit(f"demo: {e}\nIs the stack up (make up), and is the port of PORTAL_REDIRECT_URI free?")
