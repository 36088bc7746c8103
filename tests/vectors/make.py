#!/usr/bin/env python3
"""Writes added.jsonl: attacks on the signed text, and genuine bodies that stray
from the page. It shares nothing with the crate but GATEWAYS' rules: run it with
Python 3 and nothing else, from this folder."""

import copy
import hashlib
import hmac
import json

SECRET = "cbs_7Qm2vX9tR4kL8pN1"
OTHER = "cbs_the_one_before_this"
TIME = "2026-03-02T09:16:02.551870Z"
CASES = []


def mac(message, key=SECRET):
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def transfer(id="55021", op_type=1, amount="0.412000000000000000", status=2, **more):
    attributes = {"op_id": 30417, "op_type": op_type, "amount": amount, "txid": "0xab12", "status": status,
                  "confirmations": 3, **more}
    return {"type": "transfer", "id": id, "attributes": attributes,
            "relationships": {"currency": {"data": {"type": "currency", "id": "1002"}}}}


def currency(id="1002", alpha="ETH", exp=18):
    return {"type": "currency", "id": id,
            "attributes": {"iso": int(id), "alpha": alpha, "exp": exp, "confirmation_blocks": 3}}


def body(kind="deposit", tracking_id="order-9001", status=2, transfers=None, names="55021", message=None):
    transfers = [transfer(op_type=1 if kind == "deposit" else 2)] if transfers is None else transfers
    relationships = {"currency": {"data": {"type": "currency", "id": "1002"}}}
    if names:
        relationships["transfer"] = {"data": {"type": "transfer", "id": names}}
    b = {"data": {"type": kind, "id": "30417", "attributes": {"tracking_id": tracking_id, "status": status},
                  "relationships": relationships},
         "included": [currency(), *transfers],
         "meta": {"time": TIME}}
    if message is not None:
        b["meta"]["sign"] = mac(message + TIME)
    return b


PLAIN = "20.412000000000000000order-9001"


def add(name, b, expect, ids="lettered", keys=None):
    text = b if isinstance(b, str) else json.dumps(b, separators=(",", ":"))
    keys = keys or [{"scheme": "callback_secret", "secret": SECRET}]
    CASES.append({"name": name, "gateway": "b2binpay", "keys": keys, "tracking_ids": ids, "body": text,
                  "expect": expect})


def refused(name, b, error, **more):
    add(name, b, {"verified": False, "error": error}, **more)


def proven(name, b, message, kind="deposit", status=2, amount="0.412000000000000000", tracking_id="order-9001",
           ids="lettered", keys=None, **expect):
    add(name, b, {"verified": True, "kind": kind, "status": status, "amount": amount, "tracking_id": tracking_id,
                  "scheme": "callback_secret", "signed_message": message + TIME, **expect}, ids=ids, keys=keys)


def undivided(name, b, message, resolves):
    add(name, b, {"verified": True, "split": "undetermined", "signed_message": message + TIME,
                  "scheme": "callback_secret", "resolves": resolves}, ids="any")


def edited(change, message=PLAIN, **more):
    b = body(message=message, **more)
    change(b)
    return b


# What a signature does not cover.
proven("captured_payout_shown_as_a_deposit", body(message="21.5wd-77", tracking_id="wd-77", transfers=[transfer(amount="1.5")]),
       "21.5wd-77", amount="1.5", tracking_id="wd-77")
proven("captured_doge_shown_as_btc",
       edited(lambda b: b["included"].__setitem__(0, currency(alpha="BTC", exp=8))), PLAIN, currency="BTC")

# One signed text, shown in another shape.
refused("rejected_payout_shown_as_a_paid_deposit",
        body(tracking_id="9001", status=3, transfers=[], names=None, message="39001"), "tracking_id")
undivided("rejected_payout_shown_as_a_paid_deposit_under_any",
          body(tracking_id="9001", status=3, transfers=[], names=None, message="39001"), "39001",
          [])
refused("rejected_payout_shown_as_a_confirmed_transfer",
        body(tracking_id="", transfers=[transfer(amount="1234567")], message="21234567"), "tracking_id")
undivided("rejected_payout_shown_as_a_confirmed_transfer_under_any",
          body(tracking_id="", transfers=[transfer(amount="1234567")], message="21234567"), "21234567",
          [["order-9001", "1234567", False], ["", "123456", False], ["17", "12345.67", False], ["", "1234567", False]])
undivided("rejected_payout_shown_as_a_deposit_of_a_whole_amount",
          body(tracking_id="17", transfers=[transfer(amount="100")], message="210017"), "210017", [["17", "100", False]])
refused("transfer_pasted_and_named_in_a_no_transfer_body", body(status=4, message="4order-9001"), "signature")
refused("transfer_stripped_from_a_signed_body", body(transfers=[], names=None, message=PLAIN), "signature")
refused("transfer_stripped_and_its_amount_put_into_the_id",
        body(tracking_id="0.412000000000000000order-9001", transfers=[], names=None, message=PLAIN), "tracking_id")
refused("payout_without_transfer_shown_as_a_deposit_without_status",
        edited(lambda b: b["data"]["attributes"].pop("status"), message="wd-77", tracking_id="wd-77", transfers=[], names=None),
        "parse")
refused("digits_moved_from_the_time_into_the_id",
        edited(lambda b: b["meta"].__setitem__("time", "026-03-02T09:16:02.551870Z"), tracking_id="order-90012"), "parse")
undivided("minus_moved_into_the_id_under_any",
          body(tracking_id="-order", transfers=[transfer(amount="0.0105")], message="20.0105-order"), "20.0105-order",
          [["5-order", "0.010", True], ["-order", "0.0105", True], ["order", "0.0105", False], ["-order", "0.01050", False]])
undivided("number_for_a_tracking_id_under_any",
          body(tracking_id=17, transfers=[transfer(amount="10.50")], message="210.5017"), "210.5017",
          [["17", "10.50", True], ["017", "10.5", True], ["17", "10.500", False], ["0.5017", "1", False], ["", "10.5017", True]])

# Payouts without a transfer have two texts, where no other body can have either.
proven("payout_rejected_with_its_status_signed", body("payout", "wd-77", 3, [], None, "3wd-77"), "3wd-77", kind="payout",
       status=None, amount=None, tracking_id="wd-77")
refused("payout_rejected_with_its_status_signed_under_any", body("payout", "wd-77", 3, [], None, "3wd-77"), "signature",
        ids="any")
proven("payout_rejected_without_ids", body("payout", "", 3, [], None, ""), "", kind="payout", status=None, amount=None,
       tracking_id="", ids="always_empty")

# Which transfer is signed.
FEE = transfer("55029", 9, "13.4")
PAID = transfer("55030", 2, "125.0")
proven("fee_transfer_last", body("payout", "wd-77", 2, [PAID, FEE], "55030", "2125.0wd-77"), "2125.0wd-77", kind="payout",
       amount="125.0", tracking_id="wd-77", transfer_id="55030")
proven("fee_transfer_first_and_nothing_named", body("payout", "wd-77", 2, [FEE, PAID], None, "2125.0wd-77"), "2125.0wd-77",
       kind="payout", amount="125.0", tracking_id="wd-77", transfer_id="55030")
refused("fee_transfer_named_instead", body("payout", "wd-77", 2, [FEE, PAID], "55029", "2125.0wd-77"), "signature")
refused("two_transfers_fit_and_none_is_named",
        body("payout", "wd-77", 2, [PAID, transfer("55031", 2, "1.0")], None, "2125.0wd-77"), "ambiguous")
refused("two_transfers_with_the_named_id",
        body("payout", "wd-77", 2, [PAID, transfer("55030", 2, "1.0")], "55030", "2125.0wd-77"), "ambiguous")
proven("only_transfer_without_an_operation_type", body(transfers=[transfer(op_type=None)], names=None, message=PLAIN), PLAIN)
proven("direct_deposit", body(transfers=[transfer(op_type=14)], names=None, message=PLAIN), PLAIN)
proven("unknown_operation_type", body(transfers=[transfer(op_type=77)], message=PLAIN), PLAIN)
refused("payout_transfer_in_a_deposit", body(transfers=[transfer(op_type=2)], message=PLAIN), "inconsistent")
refused("deposit_transfer_in_a_payout", body("payout", transfers=[transfer(op_type=14)], message=PLAIN), "inconsistent")
refused("named_transfer_of_an_unsigned_body_is_missing", body(transfers=[]), "transfer")
refused("transfer_hidden_by_an_escaped_type",
        json.dumps(body(names=None, message="2order-9001")).replace('"type": "transfer"', '"type": "\\u0074ransfer"'),
        "signature")

# Signatures.
SIGNS = {"empty": "", "null": None, "upper_case": mac(PLAIN + TIME).upper(), "65_digits": mac(PLAIN + TIME) + "0",
         "63_digits": mac(PLAIN + TIME)[:-1], "no_hexadecimal": "g" * 64, "multi_byte": "\u00e9" * 32, "number": 12,
         "list": [mac(PLAIN + TIME)], "blank_edge": " " + mac(PLAIN + TIME)}
for label, sign in SIGNS.items():
    refused(f"signature_{label}_beside_a_transfer", edited(lambda b: b["meta"].__setitem__("sign", sign)), "signature")
for label, meta in {"empty": {"time": TIME, "sign": ""}, "null": {"time": TIME, "sign": None}, "absent": {"time": TIME},
                    "meta_null": None, "time_absent": {}}.items():
    refused(f"unsigned_no_transfer_{label}", edited(lambda b: b.__setitem__("meta", meta), transfers=[], names=None), "unsigned")

# Signed by the right key, in a form that has more than one reading.
for amount in ["+1", "1e3", "01", "1_000", ".5", "5.", "-1", " 1", "1 ", "", "\u0661", "1,5", "Infinity", "0x10", "9" * 101]:
    refused(f"signed_amount_{amount[:8] or 'empty'}",
            body(transfers=[transfer(amount=amount)], message=f"2{amount}order-9001"), "parse")
for status in ["12", "+2", "2.0", "-0", " 2", "", "\u0662", "--2", "true"]:
    refused(f"signed_status_{status or 'empty'}",
            body(transfers=[transfer(status=status)], message=f"{status}0.412000000000000000order-9001"), "parse")
for time in ["2026-03-02 09:16:02Z", "2026-03-02t09:16:02Z", "2026-03-02T09:16:02z", "12026-03-02T09:16:02Z",
             "2026-03-02T09:16:02", "2026-03-02T09:16:02.Z", "2026-03-02T09:16:02.1234567890Z", "2026-03-02T09:16Z",
             "2026-03-02T09:16:02+0400", "+2026-03-02T09:16:02Z", "2026-02-30T09:16:02Z", "2026-03-02T24:16:02Z",
             "\u0662026-03-02T09:16:02Z", "1772442962551"]:
    b = body()
    b["meta"] = {"time": time, "sign": mac(PLAIN + time)}
    refused(f"signed_time_{time}", b, "parse")
refused("signed_time_missing", edited(lambda b: b["meta"].pop("time")), "parse")

# Genuine, and off the page.
def with_time(time):
    b = body()
    b["meta"] = {"time": time, "sign": mac(PLAIN + time)}
    return b


for label, time in {"no_fraction": "2026-03-02T09:16:02Z", "offset": "2026-03-02T13:16:02.5+04:00",
                    "nine_digits": "2026-03-02T09:16:02.123456789Z"}.items():
    expect = {"verified": True, "kind": "deposit", "status": 2, "amount": "0.412000000000000000", "tracking_id": "order-9001",
              "scheme": "callback_secret", "signed_message": PLAIN + time}
    add(f"time_{label}", with_time(time), expect)
proven("status_as_text", body(transfers=[transfer(status="2")], message=PLAIN), PLAIN)
proven("amount_as_a_number", json.dumps(body(transfers=[transfer(amount="@")], message="20.4120order-9001")).replace('"@"', "0.4120"),
       "20.4120order-9001", amount="0.4120")
proven("amount_beyond_96_bits", body(transfers=[transfer(amount="99999999999.123456789012345678")],
       message="299999999999.123456789012345678order-9001"), "299999999999.123456789012345678order-9001",
       amount="99999999999.123456789012345678")
proven("tracking_id_null", body(tracking_id=None, message="20.412000000000000000"), "20.412000000000000000", tracking_id="",
       ids="always_empty")
refused("tracking_id_where_there_should_be_none", body(message=PLAIN), "tracking_id", ids="always_empty")
proven("tracking_id_escaped_and_not_ascii",
       json.dumps(body(tracking_id="#\u00e9\"\\/\n", message="20.412000000000000000#\u00e9\"\\/\n")),
       "20.412000000000000000#\u00e9\"\\/\n", tracking_id="#\u00e9\"\\/\n")
proven("ids_as_numbers",
       json.dumps(body(message=PLAIN)).replace('"id": "30417"', '"id": 30417').replace('"id": "55021"', '"id": 55021')
       .replace('"id": "1002"', '"id": 1002'), PLAIN, transfer_id="55021", currency="ETH")
proven("relationships_null", edited(lambda b: b["data"].__setitem__("relationships", None)), PLAIN)
proven("transfer_relationship_null", edited(lambda b: b["data"]["relationships"].__setitem__("transfer", {"data": None})), PLAIN)


def behind(b):
    for resource in [b["data"], *b["included"]]:
        resource["type"] = resource.pop("type")


proven("types_behind_their_attributes", edited(behind), PLAIN, transfer_id="55021", currency="ETH")
proven("unknown_resources_and_fields", edited(lambda b: (b["included"].insert(0, {"type": "wallet", "id": "711", "attributes": {"name": "w"}}),
       b["included"].append({"type": "moon"}), b.__setitem__("links", [[[]]]), b["data"]["attributes"].__setitem__("note", {"a": 1}))), PLAIN)
proven("unknown_transfer_status", body(transfers=[transfer(status=7)], message="70.412000000000000000order-9001"),
       "70.412000000000000000order-9001", status=7)
proven("odd_incidental_fields", body(transfers=[transfer(risk=-3, risk_status="red", fee={}, created_at="soon", user_message=7)], message=PLAIN), PLAIN)
proven("transfer_canceled", body(transfers=[transfer(status=-3)], message="-30.412000000000000000order-9001"),
       "-30.412000000000000000order-9001", status=-3)
proven("rotation_second_callback_secret", edited(lambda b: b["meta"].__setitem__("sign", mac(PLAIN + TIME, OTHER))), PLAIN,
       keys=[{"scheme": "callback_secret", "secret": SECRET}, {"scheme": "callback_secret", "secret": OTHER}])
proven("whitespace_between_all", json.dumps(body(message=PLAIN), indent=4), PLAIN)

with open("added.jsonl", "w", encoding="utf-8") as out:
    for case in CASES:
        out.write(json.dumps(case) + "\n")
print(len(CASES), "cases")
