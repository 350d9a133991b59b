"""The emulated account over HTTP: any AWS client that `AWS_ENDPOINT_URL` leads here speaks to it.

Counts and faults exist twice, here and in rehearsal/aws/call_hooks.py, because they count different things. A rehearsal
knows for which resource it makes a call, and with which parameters before botocore adds an idempotency token: a
resource's record lists its calls in order, a sweep lets the n-th call fail for good, and the journal completes what was
created half-way. A request over HTTP tells neither. Its client tries again by itself, and the real engine has the
state as its journal; so the server counts requests, lets those of an operation fail, and gives an answer that was lost
again to the same invocation.
"""
