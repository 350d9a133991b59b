"""While an account is open nothing outside this machine is reached, and nothing of the shell reaches in."""

from __future__ import annotations

import http.client
import os
import socket
import urllib.request

import pytest

from rehearsal import Account
from rehearsal.aws.isolation import OutsideConnectionError

EXAMPLE = "192.0.2.1"
"""An address for documentation (RFC 5737); nothing answers there."""


def test_a_connection_to_another_machine_names_the_call_and_the_host() -> None:
    with Account(), pytest.raises(OutsideConnectionError) as caught:
        http.client.HTTPConnection(EXAMPLE, 80, timeout=1).request("GET", "/")
    text = str(caught.value)
    assert f"connects to {EXAMPLE}:80" in text
    assert "test_a_connection_to_another_machine" in text, "whose call was it?"


@pytest.mark.parametrize("url", ["http://example.com/", "https://sts.cn-north-1.amazonaws.com.cn/"])
def test_a_name_is_not_even_looked_up(url: str) -> None:
    with Account(), pytest.raises(OutsideConnectionError):
        urllib.request.urlopen(url, timeout=1)  # noqa: S310


def test_this_machine_can_be_reached_and_afterwards_everything() -> None:
    before = socket.socket.connect
    with Account() as account, socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=1):
            pass
        assert account.client("sts", "cn-north-1").get_caller_identity()["Account"] == Account.id
    assert socket.socket.connect is before


def test_no_variable_of_the_shell_reaches_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_CA_BUNDLE")
    for name in shell:
        monkeypatch.setenv(name, "https://elsewhere.example")
    with Account() as account:
        assert account.client("ec2", "cn-north-1").describe_vpcs()["Vpcs"]
        assert not set(shell) & set(os.environ)
    assert set(shell) <= set(os.environ), "the shell has its own again"
