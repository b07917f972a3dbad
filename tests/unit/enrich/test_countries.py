from appliance.enrich.countries import NAMES, label_country, name_country


def test_table_is_whole():
    assert len(NAMES) == 250  # 249 of ISO 3166-1, and XK
    for code, name in NAMES.items():
        assert len(code) == 2
        assert code.isupper()
        assert name == name.strip() != ""
    assert len(set(NAMES.values())) == len(NAMES)


def test_names():
    assert name_country("DE") == "Germany"
    assert name_country("CI") == "Côte d'Ivoire"
    assert name_country("Local") == "Local"
    assert name_country("") == "Unknown"
    assert name_country("QQ") == "QQ"


def test_labels():
    assert label_country("", local=True) == "Local"
    assert label_country("DE", local=True) == "Local"
    assert label_country("DE", local=False) == "DE"
    assert label_country("", local=False) == "Unknown"
