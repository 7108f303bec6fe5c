"""
The officer's part of the demo: enrols the citizens of a CSV file over the identity provider's API, revokes certificates over the signer's.
Never learns a password or a PIN: each citizen gets an activation code and chooses both alone.
"""
import csv
import dataclasses
import json
import os
import secrets

import antin_client as antin


class People:
    """The demo's citizens and what they keep to themselves, in a file that only its owner reads."""

    def __init__(self, path, csv_path, trust):
        self.path, self.trust = path, trust
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if kept.get("trust") != trust:  # another stack's people
            kept = {}
        self.notes = kept.get("notes", {})
        if "people" in kept:
            self.all = [antin.Person(**p) for p in kept["people"]]
        else:
            with open(csv_path, encoding="utf-8", newline="") as f:
                self.all = [self.from_row(row) for row in csv.DictReader(f)]

    @staticmethod
    def from_row(row):
        base = {k: row.pop(k) for k in ("number", "name", "birth_date", "sex")}
        return antin.Person(**base, password=antin.new_password(), pin=antin.new_pin(), more={k: v for k, v in row.items() if v})

    def save(self):
        data = {"trust": self.trust, "notes": self.notes, "people": [dataclasses.asdict(p) for p in self.all]}
        tmp = self.path.with_suffix(".tmp")
        with open(os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            json.dump(data, f, ensure_ascii=False, indent=1)
        tmp.replace(self.path)


def enrol(officer, people, proofs):
    """Enrols those who are not yet; each then activates the account and makes a signing key. Returns how many were new."""
    new = 0
    for person in people.all:
        if not person.id:
            try:
                officer.enrol(person)
            except antin.ApiError as e:
                if e.status != 409:
                    raise
                # The stack knows this number and its password is not ours: the same person with another number.
                person.number = person.number[:6] + f"{secrets.randbelow(10**6):06d}"
                officer.enrol(person)
            new += 1
            people.save()
        done = people.notes.setdefault(person.id, [])
        citizen = antin.Citizen(officer.stack, person)
        if "activated" not in done:
            citizen.activate()
            done.append("activated")
            people.save()
        if "key" not in done:
            citizen.choose_pin()
            done.append("key")
            people.save()
        proofs.line(f"{person.name}, {person.number[:3]}…{person.number[-2:]}")
    return new


def part(officer, people, proofs):
    proofs.step(1, "The officer enrols three citizens at level 2; each chooses a password and a PIN")
    new = enrol(officer, people, proofs)
    proofs.claim("three citizens are enrolled at level 2", len(people.all) == 3 and all(p.id for p in people.all),
                 f"{new} now, {len(people.all) - new} known from before")
    certificates = {p.name: officer.credentials(p.subject) for p in people.all}
    found = [c for per_person in certificates.values() for c in per_person]
    proofs.claim("each has a signing key in keyd and an X.509 certificate", all(certificates.values()),
                 ", ".join(f"{name.split()[-1]}: {len(c)}" for name, c in certificates.items()))
    text = json.dumps(found, ensure_ascii=False)
    proofs.claim("no personal number in what the officer's list shows", not any(p.number in text for p in people.all), f"{len(found)} credentials read")
