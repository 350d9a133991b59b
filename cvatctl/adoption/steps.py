"""STEPS.md: the migration from the sample's stack to this program's, with the commands for this stack."""

from __future__ import annotations

import textwrap
from pathlib import Path

from cvatctl.adoption import sample
from cvatctl.adoption.plan import Plan

_LARGEST_BODY = 51200
"""Bytes of a template that UpdateStack takes in its call (CloudFormation quotas, read 2026-11)."""
INIT_URN = "urn:pulumi:{stack}::cvat::cvat:index:InitTask$pulumi-python:dynamic/cvat:RunOnce::init"


def steps(plan: Plan, stack: str, folder: Path, template: str) -> str:
    """The text. `folder` is where the other files lie, `template` the template's file name."""
    old = plan.sample
    return _TEXT.format(
        old=old.name,
        stack=stack,
        region=old.region,
        folder=folder.as_posix(),
        update=_update(plan, folder, template),
        pause=_pause(plan),
        resume=_resume(plan),
        files=old.ids[sample.FILES],
        database=plan.database["DBInstanceIdentifier"],
        host=plan.database.get("Endpoint", {}).get("Address", "OLD_HOST"),
        user=plan.database["MasterUsername"],
        version=plan.database["EngineVersion"],
        why="\n".join(f"  - {reason}" for reason in plan.migration_reasons),
        group=old.ids.get(sample.SERVER_GROUP, "the old server's security group"),
        init=INIT_URN.format(stack=stack),
        vpc=old.ids["VPC"],
    )


def _update(plan: Plan, folder: Path, template: str) -> str:
    """The command that gives the old stack its new DeletionPolicy."""
    path = folder / template
    size = len(plan.template.encode()) if isinstance(plan.template, str) else 0
    body = f"--template-body file://{path.as_posix()}"
    note = ""
    if size > _LARGEST_BODY:
        body = f"--template-url https://BUCKET_URL/{template}"
        note = f"# The template has {size} bytes: copy it to S3 first (aws s3 cp {path.as_posix()} s3://BUCKET/).\n"
    parameters = " ".join(f"ParameterKey={name},UsePreviousValue=true" for name in plan.parameters)
    lines = [f"aws cloudformation update-stack --region {plan.sample.region} --stack-name {plan.sample.name}", body]
    lines += [f"--parameters {parameters}"] if parameters else []
    lines += [f"--capabilities {' '.join(plan.sample.capabilities)}"] if plan.sample.capabilities else []
    return _block(note + " \\\n  ".join(lines))


def _block(commands: str) -> str:
    """Commands for an indented block, whose first line is indented already."""
    return textwrap.indent(commands, "    ").lstrip()


def _services(plan: Plan, count: str) -> str:
    ids, region = plan.sample.ids, plan.sample.region
    cluster = ids.get(sample.CLUSTER, "OLD_CLUSTER")
    commands = [
        f"aws ecs update-service --region {region} --cluster {cluster} --service {ids[name]} --desired-count {count}"
        for name in sample.SERVICES
        if name in ids
    ]
    return _block("\n".join(commands))


def _pause(plan: Plan) -> str:
    return _services(plan, "0") or "# (the stack has no services)"


def _resume(plan: Plan) -> str:
    return _services(plan, "2") or "# (the stack had no services)"


_TEXT = """\
# From CloudFormation stack {old} to Pulumi stack {stack}

Written for this stack; nothing has been changed yet. CVAT is down from step 3 to step 7, for about an hour: RDS takes
ten minutes to start, a SageMaker endpoint as long. Until step 9 you can go back (end of this page).

Used as it is: the network {vpc}. Adopted without a copy: the file system {files}. Migrated by dump and restore: the
database {database}, because
{why}

Redis holds running jobs only and is created again; all other resources have no state.

## 1. Settings

Put the keys of `{folder}/settings.yaml` into `Pulumi.{stack}.yaml` under `config:`. Then:

    pulumi stack init {stack}
    python -m cvatctl doctor --stack {stack}

## 2. Let the old stack retain what is adopted

This only adds `DeletionPolicy` (and a note in the metadata, without which CloudFormation takes no new policy):

    {update}
    aws cloudformation wait stack-update-complete --region {region} --stack-name {old}

Where the update is refused because the sample's Lambda runtime is no longer offered, change its `Runtime` in the
template to one that is.

## 3. Stop the old services, so that nothing is written

    {pause}

## 4. Backups of both stores

    aws rds create-db-snapshot --region {region} --db-instance-identifier {database} \\
      --db-snapshot-identifier {old}-before-pulumi
    aws rds wait db-snapshot-available --region {region} --db-snapshot-identifier {old}-before-pulumi

Back up {files} with AWS Backup (console: File systems, Create backup), and wait for it.

## 5. Adopt the files

    pulumi import --stack {stack} --file {folder}/import.json --generate-code=false

No resource may be called "replaced" here or in the next preview. If one is, stop and ask.

## 6. Deploy

    pulumi preview --stack {stack} --diff    # file system, mount targets, access points: update or same, never replace
    pulumi up --stack {stack}

This creates an empty database with an administrator; the files are those of the old stack.

## 7. Move the database's content

Stop the new services that use it (their names: `python -m cvatctl status --stack {stack}`), all but ui and gateway:

    aws ecs update-service --region {region} --cluster NEW_CLUSTER --service NEW_SERVICE --desired-count 0

On a machine in a private subnet of {vpc} with PostgreSQL's client 15 or newer (such as an EC2 instance reached by
Session Manager) that carries the security groups {group} (old database) and the new stack's `data-postgresql-client`.
The passwords are asked for, or read from Secrets Manager, and are on no command line:

    read -rsp 'Password of {user}: ' PGPASSWORD && export PGPASSWORD
    pg_dump --host {host} --username {user} --format custom --no-owner --no-acl \\
      --file cvat.dump cvat

    PGPASSWORD=$(aws secretsmanager get-secret-value --region {region} --secret-id NEW_DATABASE_SECRET \\
      --query SecretString --output text | jq -r .password) && export PGPASSWORD
    PGSSLMODE=require pg_restore --host NEW_HOST --username cvat --dbname cvat --clean --if-exists \\
      --no-owner --no-acl --single-transaction --exit-on-error cvat.dump
    unset PGPASSWORD; rm cvat.dump

The old one is PostgreSQL {version}; dump and restore is also what brings it to the new version. Then run the
initialisation once more: it migrates the restored tables to this release and gives the administrator the new password.

    pulumi up --stack {stack} --replace '{init}'

and set the services' counts back (`pulumi up --stack {stack} --refresh` does).

## 8. Try it

    python -m cvatctl smoke --stack {stack}

Log in, open old tasks, see their frames and annotations. Then point your DNS name to the new address
(`pulumi stack output url --stack {stack}`).

## 9. Delete the old stack

    aws cloudformation delete-stack --region {region} --stack-name {old}

It leaves the network (which no stack owns any more: delete it by hand when you no longer need it), the file system,
and a final snapshot of {database}.

## Going back, before step 9

Stop the new services as in step 7, and start the old ones:

    {resume}

The old database is as it was in step 3. Files that were uploaded since stay on the file system, unknown to it. Before
you give up the new stack for good, let Pulumi forget the files, or it would delete them:
`pulumi state unprotect` and `pulumi state delete` for each resource of `import.json`.
"""
