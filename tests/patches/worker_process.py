"""`python -m tests.patches.worker_process PORT QUEUE`: a worker as CVAT's image has it, but without Django."""

import sys
import warnings

warnings.simplefilter("ignore")  # RQ 1.5 is for older Pythons

from cvat_aws.worker import DrainingWorker  # noqa: E402
from redis import Redis  # noqa: E402

if __name__ == "__main__":
    DrainingWorker([sys.argv[2]], connection=Redis(port=int(sys.argv[1]))).work()
