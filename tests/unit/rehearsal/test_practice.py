"""`make practice` begins only where no command can reach a real account."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from rehearsal.aws.account import Account
from rehearsal.errors import UserInputError
from rehearsal.server.practice import practice_settings, refuse_real_accounts, write_settings


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_PROFILE": "work"},
        {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"},
        {"AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL": "http://127.0.0.1:5020"},
        {"AWS_ENDPOINT_URL": "https://example.com", "AWS_ACCESS_KEY_ID": "x"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:5020", "AWS_ENDPOINT_URL_S3": "https://s3.example.com"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:5020", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_CONFIG_FILE": "/home/someone/.aws/config"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"},
    ],
)
def test_a_variable_that_could_reach_a_real_account_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(UserInputError, match="could reach a real account") as refused:
        refuse_real_accounts({"PATH": "/bin", **variables})
    assert "unset" in str(refused.value), "with the remedy"
    assert "https://example.com" not in str(refused.value), "names only: values may be secret"


def test_a_shell_without_an_account_and_one_that_practises_already_are_let_through() -> None:
    refuse_real_accounts({"PATH": "/bin", "AWS_REGION": "cn-north-1", "AWS_CA_BUNDLE": "/etc/ssl/own.pem"})
    refuse_real_accounts(
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:5020",
            "AWS_ACCESS_KEY_ID": "practice",
            "AWS_SECRET_ACCESS_KEY": "practice",
            "AWS_CONFIG_FILE": os.devnull,
        }
    )


@pytest.mark.parametrize(("preset", "disposable"), [("production", None), ("team", True), (None, True)])
def test_a_practice_stack_is_disposable_unless_its_preset_forbids_it(
    tmp_path: Path, preset: str | None, disposable: bool | None
) -> None:
    config = {"aws:region": "cn-north-1"} | ({"cvat:preset": preset} if preset else {})
    source = tmp_path / "Pulumi.source.yaml"
    source.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    written = yaml.safe_load(practice_settings(source))["config"]
    assert written.get("cvat:disposable") is disposable
    assert "@sha256:" in written["cvat:serverImage"], "nothing is built"


def test_the_provider_refuses_a_real_account_for_a_practice_stack(tmp_path: Path) -> None:
    source = tmp_path / "Pulumi.source.yaml"
    source.write_text(yaml.safe_dump({"config": {"aws:region": "cn-north-1"}}), encoding="utf-8")
    with Account() as account:
        assert yaml.safe_load(practice_settings(source))["config"]["aws:allowedAccountIds"] == [account.id], (
            "somebody may forget the variables in a new terminal"
        )


def test_practice_goes_on_with_the_settings_that_it_began_with(tmp_path: Path) -> None:
    settings, source = tmp_path / "Pulumi.practice.yaml", tmp_path / "source"
    write_settings(settings, source, "cn-north-1")
    begun = settings.read_text(encoding="utf-8")
    assert yaml.safe_load(begun)["config"]["aws:region"] == "cn-north-1"
    for stack in (None, "cn-north-1"):
        write_settings(settings, source, stack)
    assert settings.read_text(encoding="utf-8") == begun
    with pytest.raises(UserInputError, match=r"with the settings of cn-north-1.*--fresh"):
        write_settings(settings, source, "ap-northeast-1")
