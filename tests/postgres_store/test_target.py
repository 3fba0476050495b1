"""What a store URL says: where the database is, how it is reached, and what of it may be shown."""

from __future__ import annotations

import ssl

import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.postgres.target import read_target
from sagewai.core.stores.url import check_url
from sagewai.errors import InvalidOptionError, StoreURLError

PASSWORD = "s3cret/p@ss#word"
QUOTED = "s3cret%2Fp%40ss%23word"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/sagewai",
        "postgresql:///sagewai",
        "postgresql:///sagewai?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun/sagewai",
        "postgres://me:pw@127.0.0.1:5432/sagewai",
        "postgresql://[::1]:5433/sagewai",
        "postgresql://127.0.0.1:5432,localhost:5433/sagewai",
    ],
)
def test_this_machine_needs_no_encryption(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    assert read_target(url).tls is False


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.com/sagewai",
        "postgresql://10.0.0.7/sagewai",
        "postgresql://[2001:db8::1]/sagewai",
        "postgresql://localhost,db.example.com/sagewai",
        "postgresql:///sagewai?host=db.example.com",
        "postgresql://localhost.example.com/sagewai",
    ],
)
def test_another_machine_must_show_a_certificate_that_can_be_verified(url: str) -> None:
    context = read_target(url).tls
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_host_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert isinstance(read_target("postgresql:///sagewai").tls, ssl.SSLContext)


def test_the_url_has_the_last_word_about_encryption() -> None:
    assert read_target("postgresql://db.example.com/sagewai?sslmode=require").tls is None


def test_a_certificate_file_that_is_not_there_is_named_as_the_reason() -> None:
    with pytest.raises(StoreURLError, match="sslrootcert"):
        read_target("postgresql://db.example.com/sagewai?sslrootcert=/nowhere/ca.pem")


def test_options_of_the_store_are_not_passed_on_to_the_server() -> None:
    target = read_target("postgresql://localhost/s?pool_size=3&statement_cache_size=0&application_name=x")
    assert target.options == {"pool_size": 3, "statement_cache_size": 0}
    assert target.url == "postgresql://localhost/s?application_name=x"


@pytest.mark.parametrize("name", ["pool_size", "statement_cache_size"])
@pytest.mark.parametrize("value", ["-1", "many", "", "1e3", "٣"])
def test_an_option_that_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(StoreURLError, match=name):
        read_target(f"postgresql://localhost/s?{name}={value}")


def test_a_pool_without_a_connection_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="pool_size"):
        PostgresStore("postgresql://localhost/s", pool_size=0)
    with pytest.raises(InvalidOptionError, match="pool_size"):
        check_url("postgresql://localhost/s?pool_size=0")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost/sagewai",
        "mysql://localhost/sagewai",
        "postgresql+asyncpg://localhost/sagewai",
        f"postgresql://me:{PASSWORD}@localhost/sagewai",
        f"postgresql://me:{QUOTED}@localhost:{PASSWORD}/sagewai",
        f"postgresql://me:{QUOTED}@localhost:99999/sagewai",
        f"postgresql://me:{QUOTED}@[::1/sagewai",
        f"postgresql://me:{QUOTED}@localhost/sage\0wai",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(StoreURLError) as refused:
        read_target(url)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{QUOTED}@127.0.0.1:5432/sagewai",
        f"postgresql://127.0.0.1:5432/sagewai?user=me&password={QUOTED}",
    ],
)
def test_what_is_shown_has_no_password(url: str) -> None:
    target = read_target(url)
    for text in (target.shown, target.place, repr(target), repr(PostgresStore(url))):
        assert "s3cret" not in text
    assert "127.0.0.1" in target.shown
    assert "sagewai" in target.place
    assert "me" in target.shown
