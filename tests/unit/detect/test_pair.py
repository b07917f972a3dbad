import numpy as np

from appliance.detect.pair import (
    Contact,
    Rhythm,
    Surroundings,
    read_contact,
    read_rhythm,
    read_survey,
)
from appliance.model.contact import CONTACT_DTYPE
from appliance.model.pair import PAIR_DTYPE, SURVEY_DTYPE
from tests.support.visits import Net, Visits, every


def test_records_become_plain_numbers_under_their_names() -> None:
    for dtype, read, kind in (
        (CONTACT_DTYPE, read_contact, Contact),
        (PAIR_DTYPE, read_rhythm, Rhythm),
        (SURVEY_DTYPE, read_survey, Surroundings),
    ):
        record = np.zeros(1, dtype)
        for i, name in enumerate(kind._fields):
            record[name.rstrip("_")] = i
        found = read(record[0])
        assert list(found) == list(range(len(kind._fields)))
        assert all(type(value) in {int, float} for value in found)


def test_surroundings_are_asked_for_once() -> None:
    net = Net()
    row = net.add(Visits(starts=every(60, 3)))
    judge = net.make_judge()
    pair = judge._make_pair(row, net.contacts[row], np.zeros(1, PAIR_DTYPE)[0], 0.0)
    asked = []
    pair.survey = lambda row: asked.append(row) or judge._survey(row)
    assert pair.around.users == pair.around.users == 1
    assert asked == [row]
    assert pair.outbound
    assert pair.crosses
    assert pair.service == "tls"
    assert pair.failed_share == 0
