"""`python -m tests.patches.worker_process PORT QUEUE`: a worker as CVAT's image has it, but without Django."""

import sys

from redis import Redis

from tests.patches import old_rq

if __name__ == "__main__":
    from cvat_aws.worker import DrainingWorker

    connection = Redis(port=int(sys.argv[1]))
    DrainingWorker([old_rq.Queue(sys.argv[2], connection=connection)], connection=connection).work()
