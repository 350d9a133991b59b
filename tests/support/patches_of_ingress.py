"""Probes of the bridges under the front door: certificates and logins."""

from __future__ import annotations

from tests.support.patches_of_services import Client, subnets


def proved_certificate(client: Client) -> bool:
    """A certificate is issued once its proof stands in a public zone, and not before."""
    acm, dns = client("acm"), client("route53")
    arn = acm.request_certificate(DomainName="a.example.com", ValidationMethod="DNS")["CertificateArn"]

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    waiting = status()
    (option,) = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    proof = option["ResourceRecord"]
    wanted = {"Name": proof["Name"], "Type": proof["Type"], "TTL": 60, "ResourceRecords": [{"Value": proof["Value"]}]}
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    return (waiting, status()) == ("PENDING_VALIDATION", "ISSUED")


def untold_client_secret(client: Client) -> bool:
    """Who describes a listener is told whom it asks, but not by which secret."""
    elb = client("elbv2")
    (balancer,) = elb.create_load_balancer(Name="lb", Subnets=subnets(client)[:2])["LoadBalancers"]
    config = {name: "https://x.example" for name in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint")}
    config |= {"UserInfoEndpoint": "https://x.example", "ClientId": "c", "ClientSecret": "hush"}
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    asking = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": config}
    actions = [{**asking, "Order": 1}, {**answer, "Order": 2}]
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=actions)
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    told = listener["DefaultActions"][0]["AuthenticateOidcConfig"]
    return told["ClientId"] == "c" and "ClientSecret" not in told


PROBES = {
    "certificates_that_wait_for_their_proof": proved_certificate,
    "client_secrets_that_nobody_tells": untold_client_secret,
}
