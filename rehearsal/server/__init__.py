"""The emulated account over HTTP: any AWS client that `AWS_ENDPOINT_URL` leads here speaks to it."""
