"""Settings: where they come from, which goes first, and what is refused."""

from __future__ import annotations

import errno
import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_data_path
from pydantic import SecretStr, ValidationError

from mastery_engine.config import DAPRS_OWN, PREFIX, Settings, load_settings, unknown_variables
from mastery_engine.domain.errors import ConfigurationError

DEFAULTS: dict[str, Any] = {
    "env": "development",
    "home": user_data_path("mastery-engine"),
    "config": None,
    "store_url": "",
    "dapr_api_token": None,
    "log_url": "embedded",
    "registry_url": "",
    "kafka_prefix": "",
    "kafka_partitions": 6,
    "kafka_replication": None,
    "kafka_group_protocol": "consumer",
    "kafka_security_protocol": "plaintext",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_sasl_username": "",
    "kafka_sasl_password": None,
    "kafka_ca_file": None,
    "archive_url": "",
    "ledger_copy_url": "",
    "cache_url": "",
    "cache_bytes": 64 << 20,
    "jwt_secret": None,
    "jwt_secrets_old": None,
    "jwt_jwks_url": "",
    "jwt_jwks_stale_seconds": 86_400,
    "jwt_issuer": "mastery-engine",
    "jwt_audience": "mastery-api",
    "limits_url": "",
    "rates": {},
    "most_failed_tokens": 60,
    "most_requests": 200,
    "most_requests_per_caller": 20,
    "most_connections": 5_000,
    "most_late_seconds": 0.5,
    "request_seconds": 30.0,
    "trusted_proxies": (),
    "cors_origins": (),
    "public_url": "",
    "tls_cert_file": None,
    "tls_key_file": None,
    "jwt_leeway_seconds": 30,
    "jwt_longest_seconds": 86_400,
    "rewording_url": "",
    "rewording_model": "",
    "rewording_api_key": None,
    "rewording_seconds": 2.0,
    "rewording_tokens_per_day": 100_000,
    "pseudonym_key": None,
    "dapr_pubsub": "pubsub",
    "dapr_app_token": None,
    "metrics_token": None,
    "tenant": "default",
    "formulas": None,
    "derived_keys": ("day", "component", "activity"),
    "retention_every_seconds": 3_600,
    "batch_size": 5_000,
    "health_port": None,
    "health_host": "127.0.0.1",
    "log_level": "warning",
}
# By name: as the environment says it, as the file says it, and what both mean.
OTHERS: dict[str, tuple[str, str, Any]] = {
    "ledger_copy_url": ("s3://b/ledger", '"s3://b/ledger"', "s3://b/ledger"),
    "env": ("production", '"production"', "production"),
    "store_url": ("memory://", '"memory://"', "memory://"),
    "dapr_api_token": ("secret", '"secret"', SecretStr("secret")),
    "log_url": ("kafka://k:9092", '"kafka://k:9092"', "kafka://k:9092"),
    "registry_url": ("http://r:8081", '"http://r:8081"', "http://r:8081"),
    "kafka_prefix": ("test.", '"test."', "test."),
    "kafka_partitions": ("12", "12", 12),
    "kafka_replication": ("3", "3", 3),
    "kafka_group_protocol": ("classic", '"classic"', "classic"),
    "kafka_security_protocol": ("sasl_ssl", '"sasl_ssl"', "sasl_ssl"),
    "kafka_sasl_mechanism": ("PLAIN", '"PLAIN"', "PLAIN"),
    "kafka_sasl_username": ("engine", '"engine"', "engine"),
    "kafka_sasl_password": ("secret", '"secret"', SecretStr("secret")),
    "kafka_ca_file": ("ca.pem", '"ca.pem"', Path("ca.pem")),
    "archive_url": ("sqlite:////a", '"sqlite:////a"', "sqlite:////a"),
    "cache_url": ("redis://c:6379", '"redis://c:6379"', "redis://c:6379"),
    "cache_bytes": ("0", "0", 0),
    "jwt_secret": ("s" * 40, f'"{"s" * 40}"', SecretStr("s" * 40)),
    "jwt_secrets_old": ("o" * 32, f'"{"o" * 32}"', SecretStr("o" * 32)),
    "jwt_jwks_url": ("https://i/keys", '"https://i/keys"', "https://i/keys"),
    "jwt_jwks_stale_seconds": ("600", "600", 600),
    "jwt_issuer": ("us", '"us"', "us"),
    "jwt_audience": ("them", '"them"', "them"),
    "limits_url": ("redis://l:6379", '"redis://l:6379"', "redis://l:6379"),
    "rates": ('{"query": {"student": 7}}', "{query = {student = 7}}", {"query": {"student": 7}}),
    "most_failed_tokens": ("5", "5", 5),
    "most_requests": ("50", "50", 50),
    "most_requests_per_caller": ("3", "3", 3),
    "most_connections": ("100", "100", 100),
    "most_late_seconds": ("0", "0", 0.0),
    "request_seconds": ("2.5", "2.5", 2.5),
    "trusted_proxies": ("::1", '["::1"]', (ip_network("::1"),)),
    "public_url": ("https://a.example", '"https://a.example"', "https://a.example"),
    "cors_origins": ("https://a.example", '["https://a.example"]', ("https://a.example",)),
    "tls_cert_file": ("cert.pem", '"cert.pem"', Path("cert.pem")),
    "tls_key_file": ("key.pem", '"key.pem"', Path("key.pem")),
    "jwt_leeway_seconds": ("0", "0", 0),
    "jwt_longest_seconds": ("3600", "3600", 3_600),
    "rewording_url": ("https://m.example/v1", '"https://m.example/v1"', "https://m.example/v1"),
    "rewording_model": ("small", '"small"', "small"),
    "rewording_api_key": ("secret", '"secret"', SecretStr("secret")),
    "rewording_seconds": ("0.5", "0.5", 0.5),
    "rewording_tokens_per_day": ("0", "0", 0),
    "pseudonym_key": ("k" * 32, f'"{"k" * 32}"', SecretStr("k" * 32)),
    "dapr_pubsub": ("school-bus", '"school-bus"', "school-bus"),
    "metrics_token": ("m" * 32, f'"{"m" * 32}"', SecretStr("m" * 32)),
    "dapr_app_token": ("t" * 32, f'"{"t" * 32}"', SecretStr("t" * 32)),
    "tenant": ("north", '"north"', "north"),
    "formulas": ("f.toml", '"f.toml"', Path("f.toml")),
    "derived_keys": ("day, activity", '["day", "activity"]', ("day", "activity")),
    "retention_every_seconds": ("0", "0", 0),
    "batch_size": ("7", "7", 7),
    "health_port": ("8081", "8081", 8081),
    "health_host": ("0.0.0.0", '"0.0.0.0"', "0.0.0.0"),  # noqa: S104 - nobody listens
    "log_level": ("debug", '"debug"', "debug"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.delenv(DAPRS_OWN, raising=False)
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path))
    return tmp_path


def refused(**given: object) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_settings(**given)
    return error.value.message


def test_every_setting_has_its_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MASTERY_HOME")
    # A settings file of the machine's user is not looked at.
    settings = load_settings(config=_written(tmp_path / "empty.toml", ""))
    assert settings.model_dump() == DEFAULTS | {"config": tmp_path / "empty.toml"}


def test_all_settings_are_tested_here() -> None:
    assert OTHERS.keys() == Settings.model_fields.keys() - {"home", "config"}
    assert DEFAULTS.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_each_comes_from_the_environment_and_from_the_file(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, written, meant = OTHERS[name]
    assert getattr(load_settings(), name) == DEFAULTS[name]
    _written(home / "mastery.toml", f"{name} = {written}\n")
    assert getattr(load_settings(), name) == meant
    (home / "mastery.toml").unlink()
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", said)
    assert getattr(load_settings(), name) == meant


def test_arguments_go_before_the_environment_and_that_before_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(home / "mastery.toml", 'tenant = "of-the-file"\nbatch_size = 3\njwt_issuer = "file"\n')
    monkeypatch.setenv("MASTERY_TENANT", "of-the-environment")
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "4")
    settings = load_settings(tenant="given")
    assert (settings.tenant, settings.batch_size, settings.jwt_issuer) == ("given", 4, "file")
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "")
    assert load_settings().batch_size == 3


def test_the_file_is_the_named_one_or_the_homes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _written(home / "mastery.toml", 'tenant = "of-the-home"\n')
    other = _written(home / "other.toml", 'tenant = "of-the-other"\n')
    assert load_settings().tenant == "of-the-home"
    monkeypatch.setenv("MASTERY_CONFIG", str(other))
    assert load_settings().tenant == "of-the-other"
    assert load_settings(config=home / "mastery.toml").tenant == "of-the-home"
    assert load_settings(home=home / "new", config=home / "new" / "mastery.toml").tenant == "default"


def test_a_tilde_means_the_users_own_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MASTERY_HOME", "~/data")
    (home / "data").mkdir()
    _written(home / "data" / "mastery.toml", 'formulas = "~/f.toml"\nstore_url = "sqlite:///~/s"\n')
    settings = load_settings()
    assert (settings.home, settings.formulas) == (home / "data", home / "f.toml")
    assert settings.database_folder == home / "s"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("[]", ()), ("day", ("day",)), ('["day","activity"]', ("day", "activity")), (" day ,, ", ("day",))],
)
def test_the_environment_lists_kinds_with_commas_or_as_json(
    said: str, meant: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_DERIVED_KEYS", said)
    assert load_settings().derived_keys == meant


def test_every_setting_that_is_not_valid_is_named_and_no_value_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERY_ENV", "prod")
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "0")
    monkeypatch.setenv("MASTERY_DERIVED_KEYS", "day,week")
    assert refused() == (
        "settings are not valid: "
        "MASTERY_ENV: Input should be 'development' or 'production'; "
        "MASTERY_DERIVED_KEYS.1: Input should be 'day', 'component' or 'activity'; "
        "MASTERY_BATCH_SIZE: Input should be greater than or equal to 1"
    )
    assert "MASTERY_BATCH_SIZE: Input should be less than or equal to 100000" in refused(batch_size=100_001)


def test_a_line_of_the_file_that_is_no_setting_is_refused_with_its_place_and_what_may_be_meant(
    home: Path,
) -> None:
    file = _written(
        home / "mastery.toml", '# mine\nbatchsize = 7\nMASTERY_TENANT = "x"\n\n[jwt]\nsecret = "hush"\n'
    )
    said = refused()
    assert said == (
        f"settings are not valid: batchsize in {file}, line 2, is no setting; is batch_size meant?; "
        f"MASTERY_TENANT in {file}, line 3, is no setting; is tenant meant?; "
        f"jwt in {file}, line 5, is no setting"
    )
    assert "hush" not in said


def test_a_value_that_is_not_valid_is_told_with_the_place_it_comes_from(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(home / "mastery.toml", 'tenant = "north"\n"batch_size" = 0\n')
    wrong = "Input should be greater than or equal to 1"
    assert refused() == f"settings are not valid: batch_size in {file}, line 2: {wrong}"
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "-1")
    assert refused() == f"settings are not valid: MASTERY_BATCH_SIZE: {wrong}"


def test_a_file_that_cannot_be_read_is_told_with_its_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(home / "mastery.toml", "batch_size = 7\ntenant = \n")
    cannot = f"the settings file {file} cannot be read:"
    assert refused() == f"{cannot} Invalid value (at line 2, column 10)"
    file.write_bytes(b'batch_size = 7\ntenant = "\xff"\n')
    assert refused() == f"{cannot} line 2 is no UTF-8"

    def broken(path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", broken)
        assert refused() == f"{cannot} Input/output error"
    monkeypatch.setenv("MASTERY_CONFIG", str(home / "none.toml"))
    assert refused() == (f"there is no settings file {home / 'none.toml'}; make it, or unset MASTERY_CONFIG")


def test_secrets_are_never_printed_and_nothing_can_be_changed() -> None:
    settings = load_settings(jwt_secret="hush " * 8, pseudonym_key="whisper " * 4)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hush" not in shown
        assert "whisper" not in shown
    with pytest.raises(ValidationError, match="frozen"):
        settings.tenant = "other"


RANDOM = "Zq3vTn8mKc5xWb7yRd2pLf9hJg4sXk6u"
HOW = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"env": "production"}, "MASTERY_JWT_SECRET is required in production"),
        ({"jwt_secret": "s" * 31}, "MASTERY_JWT_SECRET has fewer than 32 bytes"),
        ({"jwt_secret": "", "env": "production"}, "MASTERY_JWT_SECRET has fewer than 32 bytes"),
        (
            {"jwt_secret": RANDOM, "dapr_app_token": "t" * 31, "env": "production"},
            "MASTERY_DAPR_APP_TOKEN (or APP_API_TOKEN) has fewer than 32 bytes",
        ),
        (
            {"jwt_secret": "s" * 32, "jwt_secrets_old": f"{'o' * 32},x"},
            "MASTERY_JWT_SECRETS_OLD has fewer than 32 bytes",
        ),
        ({"metrics_token": "m" * 31}, "MASTERY_METRICS_TOKEN has fewer than 32 bytes"),
        ({"pseudonym_key": "k" * 15}, "MASTERY_PSEUDONYM_KEY has fewer than 16 bytes"),
        ({"pseudonym_key": ""}, "MASTERY_PSEUDONYM_KEY has fewer than 16 bytes"),
        ({"pseudonym_key": "k" * 65}, "MASTERY_PSEUDONYM_KEY has more than 64 bytes"),
        (
            {"jwt_secret": "a" * 40, "env": "production"},
            "MASTERY_JWT_SECRET could be guessed: it has fewer than 10 different characters",
        ),
        (
            {"jwt_secret": "Change-Me-before-you-go-live-0123456", "env": "production"},
            "MASTERY_JWT_SECRET could be guessed: it holds 'Change-Me', as texts of samples do",
        ),
        (
            {"jwt_secret": RANDOM, "jwt_secrets_old": f"{RANDOM},{'o' * 32}", "env": "production"},
            "MASTERY_JWT_SECRETS_OLD could be guessed: it has fewer than 10 different characters",
        ),
        (
            {
                "jwt_secret": RANDOM,
                "dapr_app_token": "an example of a token, 0123456789",
                "env": "production",
            },
            "MASTERY_DAPR_APP_TOKEN (or APP_API_TOKEN) could be guessed: it holds 'example', as texts of samples do",
        ),
        (
            {"jwt_secret": RANDOM, "pseudonym_key": "my-secret-key-123", "env": "production"},
            "MASTERY_PSEUDONYM_KEY could be guessed: it holds 'secret', as texts of samples do",
        ),
    ],
)
def test_unsafe_secrets_are_refused_with_the_way_to_make_one(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_settings(**given).check_secrets()
    assert error.value.message == f"{said}; {HOW}"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"env": "production", "jwt_secret": RANDOM},
        {"env": "production", "jwt_secret": RANDOM, "dapr_app_token": RANDOM, "pseudonym_key": RANDOM},
        {"dapr_app_token": "t"},
        {"jwt_secret": "ß" * 16, "pseudonym_key": "k" * 16},
        {"pseudonym_key": "k" * 64},
        {"jwt_secret": "s" * 32, "jwt_secrets_old": f"{'o' * 32}, {'p' * 40} ,"},
        {"env": "production", "jwt_jwks_url": "https://sso.school/keys"},
        {"jwt_jwks_url": "http://127.0.0.1:9/keys"},
        {"jwt_jwks_url": "http://[::1]/keys"},
        {"jwt_jwks_url": "http://localhost/keys"},
    ],
)
def test_safe_secrets_are_taken(given: dict[str, Any]) -> None:
    load_settings(**given).check_secrets()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jwt_jwks_url": "http://sso.school/keys"}, "must be https"),
        ({"jwt_jwks_url": "http://127.0.0.1/keys", "env": "production"}, "must be https"),
        ({"jwt_jwks_url": "file:///etc/keys"}, "is no address of keys"),
        ({"jwt_jwks_url": "https://"}, "is no address of keys"),
        ({"jwt_jwks_url": "https://a:b@sso.school/keys"}, "is no address of keys"),
        ({"jwt_jwks_url": "https://sso.school:x/keys"}, "is no address of keys"),
        ({"jwt_jwks_url": "https://[::1/keys"}, "is no address of keys"),
        ({"jwt_secrets_old": "o" * 32}, "without MASTERY_JWT_SECRET"),
        ({"jwt_secret": "s" * 32, "jwt_secrets_old": ",".join(["o" * 32] * 5)}, "holds 5 secrets"),
    ],
)
def test_what_tokens_may_not_be_verified_with_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as error:
        load_settings(**given).check_secrets()
    assert "a:b" not in error.value.message


def test_the_secret_that_signs_comes_before_the_earlier_ones() -> None:
    settings = load_settings(jwt_secret="s" * 32, jwt_secrets_old=f" {'o' * 32} ,{'p' * 32}")
    assert settings.jwt_secrets == (b"s" * 32, b"o" * 32, b"p" * 32)
    assert load_settings().jwt_secrets == ()


@pytest.mark.parametrize(
    ("url", "folder"), [("sqlite:////data/m", "/data/m"), ("sqlite:///here", "here"), ("", None)]
)
def test_a_url_names_a_folder_and_none_means_the_home(url: str, folder: str | None, home: Path) -> None:
    settings = load_settings(store_url=url, archive_url=url)
    wanted = home if folder is None else Path(folder)
    assert settings.database_folder == settings.archive_folder == wanted


@pytest.mark.parametrize(
    "url", ["rodis://r", "memory://", "sqlite:///", "sqlite://x", "/data", "postgresql:///x", "mysql://h/d"]
)
def test_a_url_that_names_no_folder_is_refused_by_its_name_and_with_the_servers_that_there_are(
    url: str,
) -> None:
    settings = load_settings(store_url=url, archive_url=url)
    rule = "names no folder of files; write it like sqlite:///FOLDER"
    with pytest.raises(ConfigurationError) as store:
        _ = settings.database_folder
    assert store.value.message == f"MASTERY_STORE_URL = {url!r} {rule}, or redis://HOST:PORT/DATABASE"
    with pytest.raises(ConfigurationError) as archive:
        _ = settings.archive_folder
    assert archive.value.message == (
        f"MASTERY_ARCHIVE_URL = {url!r} {rule}, or postgresql://USER:PASSWORD@HOST/DATABASE"
    )


@pytest.mark.parametrize(
    "url", ["redis://r", "rediss://u:p@r:1/2", "redis+sentinel://s/p", "redis+cluster://a,b"]
)
def test_with_a_state_on_a_server_the_home_holds_the_rest(url: str, home: Path) -> None:
    settings = load_settings(store_url=url)
    assert settings.store_on_server
    assert settings.database_folder == home


def _written(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_a_variable_that_looks_like_a_setting_and_is_none_is_told_with_what_may_be_meant() -> None:
    names = ["PATH", "MASTERY_ENV", "MASTERY_TOKEN", "MASTERY_TEST_REDIS", "MASTERY_ENVIRONMENT", "MASTERY_X"]
    assert list(unknown_variables(names)) == [
        "MASTERY_ENVIRONMENT is no setting and is passed over; is MASTERY_ENV meant?",
        "MASTERY_X is no setting and is passed over",
    ]
