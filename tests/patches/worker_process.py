"""`python -m tests.patches.worker_process PORT QUEUE [SECONDS]`: a worker as CVAT's image has it, but without Django.

SECONDS: how soon the record of a worker at work expires (60), which it renews twice as often.
"""

import sys

from redis import Redis

from tests.patches import old_rq

if __name__ == "__main__":
    from cvat_aws import worker

    port, queue, *ttl_s = sys.argv[1:]
    interval_s = 30
    if ttl_s:
        worker.BUSY_TTL_S = int(ttl_s[0])
        interval_s = worker.BUSY_TTL_S // 2
    connection = Redis(port=int(port))
    worker.DrainingWorker(
        [old_rq.Queue(queue, connection=connection)], connection=connection, job_monitoring_interval=interval_s
    ).work()
