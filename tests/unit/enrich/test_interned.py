from hypothesis import given
from hypothesis import strategies as st

from appliance.enrich.interned import AddressTable
from appliance.model.address import Address


def make_table(limit):
    def create(keys):
        return [
            Address(int.from_bytes(k[:8], "little"), int.from_bytes(k[8:], "little")) for k in keys
        ]

    return AddressTable(create, limit)


def key(number):
    return bytes(8) + (0xFFFF << 32 | number).to_bytes(8, "little")


def test_equal_keys_give_the_same_object():
    table = make_table(100)
    first = table.resolve([key(1), key(2), key(1)])
    assert first[0] is first[2] is not first[1]
    assert table.resolve([key(2), key(1)]) == [first[1], first[0]]
    assert table.created == 2
    assert [address.ip for address in first] == ["0.0.0.1", "0.0.0.2", "0.0.0.1"]


def test_flood_of_addresses_plateaus_and_the_known_one_stays():
    table = make_table(100)
    known = table.resolve([key(0)])[0]
    for number in range(1, 5_000):
        assert table.resolve([key(0), key(number)])[0] is known
        assert len(table) <= 102
    assert table.evicted == table.created - len(table)


def test_forgotten_addresses_stay_valid_and_come_back_anew():
    table = make_table(4)
    old = table.resolve([key(7)])[0]
    table.resolve([key(n) for n in range(100, 140)])
    table.resolve([key(n) for n in range(200, 240)])
    table.resolve([])
    assert old.ip == "0.0.0.7"
    assert table.resolve([key(7)])[0] is not old


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=20))
def test_every_call_answers_in_order(calls):
    table = make_table(8)
    for numbers in calls:
        found = table.resolve([key(number) for number in numbers])
        assert [address.lo & 0xFFFFFFFF for address in found] == numbers
        assert len({id(address) for address in found}) == len(set(numbers))
    assert len(table.everyone()) == len(table) == table.created - table.evicted
