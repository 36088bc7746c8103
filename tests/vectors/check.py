#!/usr/bin/env python3
"""An independent check of the vectors: it does not use the crate, needs
Python 3.9 and its standard library, and only reads files in this directory.

It computes the result of each case by the rules of README.md, compares it
with `expect`, and checks each line against schema.json. It prints a table and
exits with status 1 if anything differs."""

import datetime
import hashlib
import hmac
import json
import pathlib
import re
import sys
import unicodedata
import urllib.parse
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
FILES = ["given.jsonl", "b2binpay.jsonl", "citypay.jsonl"]


class Refused(Exception):
    """The reason for refusing a case: one of the values of `expect.error`."""

    def __init__(self, error, **more):
        super().__init__(error)
        self.facts = {"error": error, **more}


# JSON with the text of every number, and with duplicate keys.


class Number(str):
    """The digits of a JSON number, verbatim."""


class Object(dict):
    """A JSON object that records whether it has a duplicate key."""

    twice = False


def read_object(pairs):
    made = Object(pairs)
    made.twice = len(made) < len(pairs)
    return made


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def read_json(text):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=no_constant,
                      object_pairs_hook=read_object)


def is_nothing(value):
    """`null` and absent; for objects and lists also the empty forms of some serializers."""
    return value is None or value == "" and not isinstance(value, Number)


def is_blank_object(value):
    return is_nothing(value) or value == []


def an_object(value, error):
    """A required object without duplicate keys."""
    if not isinstance(value, Object) or value.twice:
        raise Refused(error)
    return value


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number) and not has_surrogates(value)


def has_surrogates(value):
    return any("\ud800" <= c <= "\udfff" for c in value)


def verbatim(value, error):
    """A string's characters, or a number's digits as sent; empty for null. Never U+0000."""
    if value is None:
        return ""
    if isinstance(value, Number) or is_text(value) and "\0" not in value:
        return str(value)
    raise Refused(error)


def an_id(value, error, blank_is_absent=False):
    """A string that is not empty and has no control characters, or a whole number."""
    if value is None or blank_is_absent and is_nothing(value):
        return None
    if is_text(value) and any(unicodedata.category(c) == "Cc" for c in value):
        raise Refused(error)
    if isinstance(value, Number) and re.fullmatch(r"-?[0-9]+", value) or is_text(value) and value != "":
        return str(value)
    raise Refused(error)


# B2BINPAY.

STATUS = re.compile(r"-[1-9]|[0-9]")
AMOUNT = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
                  r"(?:\.[0-9]{1,9})?(?:Z|[+-]([0-9]{2}):([0-9]{2}))")
INCOMING, OUTGOING = {1, 14}, {2}


def make_key(spec):
    if spec["scheme"] == "callback_secret":
        secret = spec["secret"]
        if secret.strip().strip("\ufeff") != secret or secret == "":
            raise Refused("key")
        return secret.encode()
    if not spec["login"] or not spec["password"]:
        raise Refused("key")
    return hashlib.sha256((spec["login"] + spec["password"]).encode()).digest()


def is_canonical_amount(text):
    return AMOUNT.fullmatch(text) is not None and len(text.replace(".", "")) <= 100


def is_strict_time(text):
    match = TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return False
    return match[7] is None or int(match[7]) < 24 and int(match[8]) < 60


def allows(declaration, tracking_id):
    if declaration == "any":
        return True
    if isinstance(declaration, dict):
        return len(tracking_id) == declaration["length"]
    if declaration == "always_empty":
        return tracking_id == ""
    return re.match(r"[^0-9.\-]", tracking_id, re.DOTALL) is not None


def code(value):
    """A whole number, or `None` if it cannot be parsed."""
    if (isinstance(value, Number) or is_text(value)) and re.fullmatch(r"0|-?[1-9][0-9]*", value):
        return int(value)
    return None


def related_id(resource, name, error="parse", strict=False):
    """The id of a relationship. Only the transfer's is significant."""
    at = resource
    for key in ("relationships", name, "data"):
        at = at.get(key)
        if is_nothing(at) or at == []:
            return None
        if not isinstance(at, Object):
            if strict:
                raise Refused(error)
            return None
        if at.twice:
            raise Refused(error)
    return an_id(at.get("id"), error)


def read_transfer(resource):
    attributes = an_object(resource.get("attributes"), "parse")
    transfer = {
        "id": an_id(resource.get("id"), "parse"),
        "status": verbatim(attributes.get("status"), "parse"),
        "amount": verbatim(attributes.get("amount"), "parse"),
        "op_type": code(attributes.get("op_type")),
        "confirmations": code(attributes.get("confirmations")),
        "risk_status": code(attributes.get("risk_status")),
        "currency": related_id(resource, "currency"),
    }
    if transfer["id"] is None or not STATUS.fullmatch(transfer["status"]):
        raise Refused("parse")
    if not is_canonical_amount(transfer["amount"]):
        raise Refused("parse")
    return transfer


def read_transfers(resources, named):
    """A transfer that is not named may be invalid, but may not have a duplicate key."""
    transfers = []
    for resource in resources:
        try:
            transfers.append(read_transfer(resource))
        except Refused:
            is_another = named is not None and resource.get("id") != named
            if not is_another or has_twice(resource):
                raise
    return transfers


def has_twice(value):
    if isinstance(value, Object):
        return value.twice or any(map(has_twice, value.values()))
    return isinstance(value, list) and any(map(has_twice, value))


def choose(transfers, named, is_deposit):
    """The transfer of the callback: the named one, else the matching one, else the only one."""
    if named is not None:
        found = [transfer for transfer in transfers if transfer["id"] == named]
        if not found:
            raise Refused("transfer")
    else:
        fitting = INCOMING if is_deposit else OUTGOING
        found = [transfer for transfer in transfers if transfer["op_type"] in fitting] or transfers
    if len(found) > 1:
        return "several"
    return found[0] if found else None


def verify(case):
    keys = [(spec["scheme"], make_key(spec)) for spec in case["keys"]]
    try:
        document = an_object(read_json(case["body"]), "parse")
    except ValueError as error:
        raise Refused("parse") from error
    data = an_object(document.get("data"), "parse")
    kind = data.get("type")
    if not is_text(kind) or kind == "":
        raise Refused("parse")
    if kind not in ("deposit", "payout"):
        raise Refused("unsupported")
    is_deposit = kind == "deposit"
    if an_id(data.get("id"), "parse") is None:
        raise Refused("parse")
    attributes = an_object(data.get("attributes"), "parse")
    tracking_id = verbatim(attributes.get("tracking_id"), "parse")
    named = related_id(data, "transfer", strict=True)

    included = document.get("included")
    included = [] if is_blank_object(included) or included == {} else included
    if not isinstance(included, list):
        raise Refused("parse")
    resources = [an_object(resource, "parse") for resource in included if not is_nothing(resource)]
    transfers = read_transfers([it for it in resources if it.get("type") == "transfer"], named)
    currencies = [it for it in resources if it.get("type") == "currency"]

    meta = document.get("meta")
    meta = Object() if is_blank_object(meta) else an_object(meta, "parse")
    sign, time = meta.get("sign"), meta.get("time")
    unsigned = is_nothing(sign)
    if is_text(sign) and not unsigned and not (is_text(time) and is_strict_time(time)):
        raise Refused("parse")

    subject = choose(transfers, named, is_deposit)
    own_status = verbatim(attributes.get("status"), "parse") if subject is None and not unsigned else ""
    if subject is None and not unsigned and is_deposit and not STATUS.fullmatch(own_status):
        raise Refused("parse")
    if unsigned:
        raise Refused("unsigned" if subject is None else "signature")
    if subject == "several":
        raise Refused("ambiguous")
    if not is_text(sign) or not re.fullmatch(r"[0-9a-f]{64}", sign):
        raise Refused("signature")

    if subject is not None:
        fronts = [subject["status"] + subject["amount"]]
    elif is_deposit:
        fronts = [own_status]
    elif case["tracking_ids"] in ("lettered", "always_empty", {"length": 0}) and STATUS.fullmatch(own_status):
        fronts = ["", own_status]
    else:
        fronts = [""]
    fitting = [(scheme, front + tracking_id) for front in fronts for scheme, key in keys
               if hmac.compare_digest(mac(key, front + tracking_id + time), sign)]
    if not fitting:
        raise Refused("signature")
    scheme, signed = fitting[0]
    if not allows(case["tracking_ids"], tracking_id):
        raise Refused("tracking_id")

    facts = {"verified": True, "scheme": scheme, "signed_message": signed + time}
    if case["tracking_ids"] == "any":
        tries = case["expect"].get("resolves", [])
        facts["split"] = "undetermined"
        facts["resolves"] = [[own, amount, resolves(signed, subject, is_deposit, own, amount)]
                             for own, amount, _ in tries]
        return facts
    facts.update({"kind": kind, "tracking_id": tracking_id, "status": None, "amount": None})
    if subject:
        facts.update({"status": int(subject["status"]), "amount": subject["amount"],
                      "transfer_id": subject["id"], "op_type": subject["op_type"],
                      "risk_status": subject["risk_status"]})
    wanted = (subject or {}).get("currency") or related_id(data, "currency")
    described = [it["attributes"] for it in currencies if wanted in (None, it.get("id"))]
    described = described[0] if len(described) == 1 else {}
    types = callback_types(is_deposit, subject, code(described.get("confirmation_blocks")),
                           code(attributes.get("confirmations_needed")))
    facts.update({"currency": described.get("alpha"), "callback_types": types,
                  "operation_status": code(attributes.get("status")),
                  "is_active": attributes.get("is_active", attributes.get("is_actibe")),
                  "destinations": destinations(attributes.get("destination"))})
    if len(types) == 1:
        facts["callback_type"] = types[0]
    return facts


def mac(key, message):
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()


def resolves(signed, subject, is_deposit, tracking_id, amount):
    """Whether the undivided text consists of the expected values."""
    rest = signed
    if subject or is_deposit:
        status = STATUS.match(signed)
        if status is None:
            return False
        rest = signed[status.end():]
    if not subject:
        return rest == tracking_id
    # A whole amount could be the start of an id, so it does not divide the text.
    return "." in amount and is_canonical_amount(amount) and rest == amount + tracking_id


def callback_types(is_deposit, transfer, blocks, needed):
    if transfer is None:
        return ["no_transfer"] if is_deposit else ["no_transfer", "request_rejection"]
    status, confirmations = int(transfer["status"]), transfer["confirmations"]
    stopped = "block" if is_deposit else "cancel"
    if status == 2:
        if None not in (confirmations, blocks) and confirmations < blocks:
            return ["user_confirmation"]
        if needed is not None and (confirmations is None or confirmations >= needed):
            return ["confirmation", "user_confirmation"]
        return ["confirmation"]
    return {1: ["user_confirmation"], -1: ["fail"], -2: [stopped], -3: [stopped, "fail"]}.get(status, [])


def destinations(value):
    entries = value if isinstance(value, list) else [value]
    return [entry.get("address") for entry in entries if isinstance(entry, dict)]


# CityPay.io.

DECIMAL = re.compile(r"-?((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE][+-]?([0-9]+))?")
STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})"
                   r"(?:(:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?")
ORDER_STATUSES = ["canceled", "confirmed", "expired", "in_progress", "overpaid",
                  "paid_unconfirmed", "underpaid"]
RANKS = {"in_progress": 0, "paid_unconfirmed": 1, "underpaid": 1,
         "canceled": 2, "confirmed": 2, "expired": 2, "overpaid": 2}
ACTIONS = {"confirmation": "confirmation", "receive confirmation": "confirmation", "create_order": "create_order",
           "order creation": "create_order", "receive_transaction": "receive_transaction",
           "receive new transaction": "receive_transaction"}


def is_decimal(text):
    """At most 100 digits and an exponent from -100 to 100."""
    parts = DECIMAL.fullmatch(text)
    return parts is not None and len(parts[1].replace(".", "")) <= 100 and int(parts[2] or 0) <= 100


def folded(word):
    """Spellings differ in case, and in spaces, `-`, `_` and `/`."""
    return re.sub(r"[ \-_/]", "", word).lower()


def known_word(word, known):
    """A known word in its canonical spelling, an unknown one in lower case."""
    found = {folded(spelling): usual for spelling, usual in known.items()}
    return found.get(folded(word), word.lower())


def received(value, error, signed=False):
    """An amount by value, from a number's own digits or from a string; never as a float."""
    if is_nothing(value):
        return None
    text = verbatim(value, error)
    if not is_decimal(text) or not signed and Decimal(text) < 0:
        raise Refused(error)
    return Decimal(text)


def lenient(read, *arguments):
    try:
        return read(*arguments)
    except Refused:
        return None


def soft_text(value, numbers=True):
    if is_text(value) and value != "" and "\0" not in value or numbers and isinstance(value, Number):
        return str(value)
    return None


def count(value):
    number = code(value)
    return number if number is not None and 0 <= number < 2**32 else None


def moment(value):
    """A datetime and the digits of its fraction: aware for an instant, naive for a local time."""
    if not (isinstance(value, Number) or is_text(value)):
        return None
    if re.fullmatch(r"[0-9]{12,14}", value):
        start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return start + datetime.timedelta(milliseconds=int(value))
    match = STAMP.fullmatch(value)
    if match is None:
        return None
    date, clock, seconds, fraction, zone = match.groups()
    zone = "+00:00" if zone == "Z" else zone or ""
    fraction = f".{fraction[:6]:0<6}" if fraction else ""
    try:
        return datetime.datetime.fromisoformat(f"{date}T{clock}{seconds or ':00'}{fraction}{zone}")
    except ValueError:
        return None


def written(time):
    if time is None:
        return None
    instant = time.tzinfo is not None
    time = time.astimezone(datetime.timezone.utc).replace(tzinfo=None) if instant else time
    text = time.isoformat()
    return (text.rstrip("0") if "." in text else text) + ("Z" if instant else "")


def named(word, other):
    """The word, if it is more than digits; else the other one, if there is any."""
    if word and not re.fullmatch("[0-9]+", word):
        return word
    return other() or word


def status_word(value, error):
    """A word, or an object with a code and a label; a number as the code is not a word,
    also if it is in quotes, unless there is no other."""
    if isinstance(value, Object):
        an_object(value, error)
        word = named(soft_text(value.get("code"), numbers=False),
                     lambda: soft_text(value.get("label"), numbers=False))
    else:
        word = soft_text(value, numbers=False)
    usual = {status: status for status in ORDER_STATUSES} | {"cancelled": "canceled"}
    return known_word(word, usual) if word else None


def parse(case):
    try:
        callback = an_object(read_json(case["body"]), "parse")
    except ValueError as error:
        raise Refused("parse") from error
    kind = callback.get("type")
    if not is_text(kind) or kind == "" or "\0" in kind:
        raise Refused("parse")
    kind = folded(kind).removesuffix("callback")
    if kind not in ("order", "deposit"):
        raise Refused("unsupported")
    get = callback.get

    def read_id(key):
        return an_id(get(key), "parse", blank_is_absent=True)

    action = soft_text(get("action"), numbers=False)
    facts = {
        "parsed": True, "kind": kind, "transaction_id": read_id("transaction_id"),
        "status": named(status_word(get("status"), "parse"),
                        lambda: status_word(get("order_status"), "parse")),
        "action": known_word(action, ACTIONS) if action else None,
        "crypto_currency": soft_text(get("crypto_currency")),
        "exchange_rate": lenient(received, get("exchange_rate"), "parse", True),
    }
    if kind == "deposit":
        facts.update({"deposit_token": read_id("deposit_token"),
                      "received_amount": received(get("received_amount"), "parse"),
                      "created_at": written(moment(get("created_at")) or moment(get("crated_at")))})
        identities = ("deposit_token", "transaction_id")
    else:
        created, minutes = moment(get("created_at")), count(get("order_expiration"))
        expiry = created + datetime.timedelta(minutes=minutes) if created and minutes is not None else None
        facts.update({key: read_id(key) for key in ("order_id", "client_order_id", "order_token")})
        facts.update({key: received(get(key), "parse")
                      for key in ("received_amount_in_coins", "received_amount_in_fiat")})
        facts.update({"fiat_currency": soft_text(get("fiat_currency")), "order_expiration": minutes,
                      "created_at": written(created), "expires_at": written(expiry)})
        identities = ("order_token", "order_id", "client_order_id")
    if all(facts[key] is None for key in identities):
        raise Refused("parse")
    return facts


def is_named(payment, order):
    """Whether an order's callback names a payment of the response, or one of the same amount."""
    name, coins = order["transaction_id"], order["received_amount_in_coins"]
    return (payment["id"] == name or (payment["hash"] or "").lower() == name.lower()
            or coins is not None and payment["base"] is not None
            and Decimal(payment["base"]) == Decimal(coins))


def prove(case, order):
    """The values of an order that the endpoint's response proves."""
    issued, token = case["issued"], order["order_token"]
    if token is None and order["order_id"] is None:
        raise Refused("missing_token")
    if token not in (None, issued):
        raise Refused("not_issued")
    answer = read_answer(case["answer"])
    if answer["token"] != issued:
        raise Refused("other_order")
    if answer["customer_id"] != case["customer_id"]:
        raise Refused("other_customer")
    if None in (answer["id"], order["order_id"]):
        same_order = token is not None
    else:
        same_order = answer["id"] == order["order_id"]
    if not same_order:
        raise Refused("other_order")
    reported, posted = answer["status"], order["status"]
    behind = RANKS.get(reported, 9) < RANKS.get(posted, -1)
    behind = behind or posted in ("confirmed", "overpaid") and reported in ("canceled", "expired")
    behind = behind or (reported, posted) == ("confirmed", "overpaid")
    if reported in ("overpaid", "underpaid") and order["transaction_id"] is not None:
        behind = behind or not any(is_named(payment, order) for payment in answer["listed"])
    url = "https://v2-order-api.citypay.io/order/" + urllib.parse.quote(issued, safe="") + "/"
    minutes = order["order_expiration"]
    chosen = answer["coin_chosen_at"]
    if chosen is not None and minutes is not None and minutes <= 30 * 24 * 60:
        answer["expires_at"] = written(chosen + datetime.timedelta(minutes=minutes))
    paid = answer["transactions"]
    has_fiat = any(it["base_fiat"] is not None for it in paid)
    agrees = answer["totals_agree_fiat" if has_fiat else "totals_agree"]
    review = not behind and (reported == "confirmed" and not paid
                             or reported in ("confirmed", "overpaid", "underpaid") and not agrees)
    return {"proven": True, "behind": behind, "answer": answer, "order_url": url, "review": review}


def instant(value):
    """A time of the response: without a zone it is UTC."""
    time = moment(value)
    return time and (time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc))


def coin_chosen_at(data):
    """`createdAt` with seconds, which may be those of another time in the response."""
    stamp = data.get("createdAt")
    chosen = instant(stamp)
    if chosen is None or len(stamp) > 16 or stamp.isdecimal():
        return chosen
    end, left = instant(data.get("expiresAt")), data.get("expirationTime")
    is_left = isinstance(left, str) and re.fullmatch(r"-?[0-9]{1,15}", left)
    counted = end and is_left and end - datetime.timedelta(milliseconds=int(left))
    for time in (counted, instant(data.get("createdAtMiliseconds"))):
        if time and chosen <= time < chosen + datetime.timedelta(minutes=1):
            return time.replace(microsecond=0)
    return None


def same_as(listed):
    """For each transaction the number of the first one with its id or hash, and whether that is
    the same one by both."""
    known, numbers, sound = {}, [], True
    for number, it in enumerate(listed):
        names = [(key, name.lower() if key == "hash" else name)
                 for key, name in (("id", it["id"]), ("hash", it["hash"])) if name is not None]
        found = [known[name] for name in names if name in known]
        sound = sound and len(set(found)) <= 1
        numbers.append(found[0] if found else number)
        for name in names:
            known.setdefault(name, numbers[-1])
    return numbers, sound


def received_in(listed, numbers, sound, ending):
    """The sum of the bases without duplicates, and whether the totals agree with it."""
    bases = {}
    for number, it in zip(numbers, listed):
        if it["base" + ending] is not None:
            bases.setdefault(number, it["base" + ending])
    whole = None
    if set(bases) == set(numbers):
        whole = sum(bases.values(), Decimal(0))
    order = list(zip(numbers, listed))
    if all(it["time"] for it in listed):
        order.sort(key=lambda entry: entry[1]["time"])
    so_far, seen = Decimal(0), set()
    for number, it in order:
        if number not in seen:
            seen.add(number)
            so_far = so_far + bases[number] if so_far is not None and number in bases else None
        base, total = it["base" + ending], it["total" + ending]
        sound = sound and (base is None or base == bases[number])
        sound = sound and (total is None or total in (so_far, whole))
    return whole, sound


def read_answer(text):
    bad = "answer_unreadable"
    try:
        envelope = an_object(read_json(text), bad)
    except ValueError as error:
        raise Refused(bad) from error
    marks = [(envelope.get("status"), (Number("1"), "1")), (envelope.get("success"), (True,))]
    marks = [any(mark is yes or mark == yes and type(mark) is type(yes) for yes in good)
             for mark, good in marks if not is_nothing(mark)]
    if not marks or not all(marks):
        # The documented key ends with a space.
        codes = [code(envelope.get(key)) for key in ("status_code", "status_code ", "statusCode")]
        raise Refused("answer_refused", code=next((it for it in codes if it is not None), None))
    data = an_object(envelope.get("data"), bad)
    get = data.get
    answer = {"id": an_id(get("id"), bad, True), "customer_id": an_id(get("customerId"), bad, True),
              "token": an_id(get("token"), bad, True), "status": status_word(get("status"), bad),
              "coin": soft_text(get("coin"), False),
              "coin_base_name": soft_text(get("coinBaseName"), False),
              "company_name": soft_text(get("companyName"), False),
              "qr_code": soft_text(get("qrCode"), False),
              "exchange_rate": lenient(received, get("exchangeRate"), bad, True),
              "amount": received(get("amount"), bad), "amount_fiat": received(get("amountFiat"), bad),
              "created_at": written(instant(get("createdAt"))),
              "created_at_milliseconds": written(instant(get("createdAtMiliseconds"))),
              "coin_chosen_at": coin_chosen_at(data), "expires_at": None,
              "currency": get("currency", {}).get("abbreviation")}
    if None in (answer["customer_id"], answer["token"], answer["status"]):
        raise Refused(bad)
    listed = [read_transaction(it, bad) for it in get("transactions") or []]
    numbers, sound = same_as(listed)
    for ending in ("", "_fiat"):
        whole, agrees = received_in(listed, numbers, sound, ending)
        answer["received" + ending], answer["totals_agree" + ending] = whole, agrees
    answer["listed"] = listed
    answer["transactions"] = [listed[number] for number in sorted(set(numbers))]
    return answer


def read_transaction(value, bad):
    transaction = an_object(value, bad)
    facts = {key: an_id(transaction.get(key), bad, True) for key in ("id", "hash")}
    facts["time"] = (instant(transaction.get("createdAtMiliseconds"))
                     or instant(transaction.get("createdAt")))
    for key, ending in (("amount", ""), ("amountFiat", "_fiat")):
        parts = transaction.get(key) or {}
        facts["base" + ending] = received(parts.get("base"), bad)
        facts["total" + ending] = received(parts.get("total"), bad)
        # The missing amount may be negative.
        facts["under_paid" + ending] = received(parts.get("underPaid"), bad, True)
        facts["over_paid" + ending] = received(parts.get("overPaid"), bad, True)
    return facts


def found(case):
    """The result of a case by the rules."""
    if case["gateway"] == "b2binpay":
        try:
            return verify(case)
        except Refused as refusal:
            return {"verified": False, **refusal.facts}
    try:
        facts = parse(case)
    except Refused as refusal:
        return {"parsed": False, **refusal.facts}
    if "answer" in case:
        try:
            facts.update(prove(case, facts))
        except Refused as refusal:
            facts.update({"proven": False, **refusal.facts})
    return facts


def differences(expected, actual, path="expect"):
    """Expected values that are not found."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            yield from differences(value, actual.get(key), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual)):
            yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(actual, Decimal):
        if not isinstance(expected, str) or Decimal(expected) != actual:
            yield f"{path}: expected {expected!r}, found {actual}"
    elif expected != actual or type(expected) is not type(actual) and not isinstance(actual, str):
        yield f"{path}: expected {expected!r}, found {actual!r}"


# The schema: the part of draft 2020-12 that schema.json uses.

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def violations(value, schema, root, path="line"):
    if schema is False:
        yield f"{path}: not allowed"
        return
    if schema is True:
        return
    known = {"$schema", "$defs", "title", "description", "$ref", "type", "const", "enum", "pattern",
             "minLength", "minItems", "maxItems", "uniqueItems", "items", "prefixItems",
             "properties", "required", "additionalProperties", "oneOf", "if", "then", "else"}
    unknown = set(schema) - known
    assert not unknown, f"check.py does not support {unknown} in schema.json"
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from violations(value, target, root, path)
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        yield f"{path}: is not one of {names}"
        return
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        yield f"{path}: is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{path}: {value!r} does not match {schema['pattern']}"
        if len(value) < schema.get("minLength", 0):
            yield f"{path}: too short"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{path}: has {len(value)} entries"
        if schema.get("uniqueItems") and len({json.dumps(it) for it in value}) < len(value):
            yield f"{path}: repeats an entry"
        prefix = schema.get("prefixItems", [])
        for index, entry in enumerate(value):
            rule = prefix[index] if index < len(prefix) else schema.get("items", True)
            yield from violations(entry, rule, root, f"{path}[{index}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        yield from (f"{path}: {key} is missing" for key in schema.get("required", []) if key not in value)
        for key, entry in value.items():
            rule = properties.get(key, schema.get("additionalProperties", True))
            yield from violations(entry, rule, root, f"{path}.{key}")
    if "oneOf" in schema:
        fits = [part for part in schema["oneOf"] if not list(violations(value, part, root, path))]
        if len(fits) != 1:
            yield f"{path}: matches {len(fits)} of the alternatives"
    if "if" in schema:
        branch = "else" if list(violations(value, schema["if"], root, path)) else "then"
        yield from violations(value, schema.get(branch, True), root, path)


def sides(expect):
    """Whether a case is accepting and whether it is refusing: one with `resolves` can be both."""
    tries = [fits for _, _, fits in expect.get("resolves", [])]
    good = expect.get("verified", True) and expect.get("parsed", True) and expect.get("proven", True)
    return good and (not tries or True in tries), not good or False in tries


def main():
    schema = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
    given_rules = json.loads((HERE / "given.rules.json").read_text(encoding="utf-8"))
    problems, names, rules, counts = [], set(), {}, []
    for file in FILES:
        lines = (HERE / file).read_text(encoding="utf-8").split("\n")
        assert lines.pop() == "", f"{file} does not end with a newline"
        for number, line in enumerate(lines, 1):
            case = json.loads(line, object_pairs_hook=read_object)
            problem = [f"{file}:{number}: {it}" for it in violations(case, schema, schema)]
            if has_twice(case):
                problem.append(f"{file}:{number}: duplicate key")
            if not problem:
                name = case["name"]
                if name in names:
                    problem.append(f"{name}: duplicate name")
                names.add(name)
                own = case.get("rules") or given_rules.get(name, [])
                if not own:
                    problem.append(f"{name}: has no rule")
                for rule in own:
                    count = rules.setdefault(rule, [0, 0])
                    accepts, refuses = sides(case["expect"])
                    count[0] += accepts
                    count[1] += refuses
                problem += [f"{name}: {it}" for it in differences(case["expect"], found(case))]
            problems += problem
        counts.append(f"{len(lines):5} {file}")
    print("\n".join(counts))
    print(f"\n{'rule':32} accepting refusing")
    for rule, (accepting, refusing) in sorted(rules.items()):
        print(f"{rule:32} {accepting:9} {refusing:8}")
    print("\n" + "\n".join(problems) if problems else f"\nall {len(names)} cases are as expected")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
