"""Access, as the rehearsed account shows it. Opens accounts of its own."""

from __future__ import annotations

from pathlib import Path

from rehearsal import rehearse
from rehearsal.account import Account


def test_a_certificate_brings_https_and_a_redirect(archives: Path) -> None:
    with Account() as account:
        acm = account.client("acm", "ap-northeast-1")
        arn = acm.request_certificate(DomainName="cvat.example.com")["CertificateArn"]
        config = {"cvat:certificateArn": arn, "cvat:hostName": "cvat.example.com", "cvat:modelArchives": str(archives)}
        done = rehearse("ap-northeast-1", config=config, account=account)
        assert done.error is None, done.error
        elb = done.client("elbv2")
        balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = {one["Port"]: one for one in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]}
    assert listeners[443]["Certificates"][0]["CertificateArn"] == arn
    assert listeners[80]["DefaultActions"][0]["Type"] == "redirect"
    assert done.outputs["url"] == "https://cvat.example.com"
