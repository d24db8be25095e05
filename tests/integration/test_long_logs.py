"""A log of 200 entries in a real bucket: how many requests it takes to read."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from pipelines.release.checkpoints import checkpoint_key, read_log, settle
from pipelines.release.log import entry_key
from pipelines.resources.s3 import S3Store
from tests.conftest import variorum
from tests.faults.proxy import fault_proxy
from tests.s3_server import READER, S3Server
from tests.unit.logs import DATASET, entries_of


def test_a_log_of_200_entries_is_listed_in_a_few_requests(s3: S3Server, s3_store: S3Store) -> None:
    entries = entries_of(200)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: s3_store.put_if_absent(entry_key(DATASET, one.sequence), one.to_json()), entries))
    settle(s3_store, DATASET, entries)
    assert read_log(s3_store, DATASET) == entries
    with fault_proxy(s3.endpoint, 0) as proxy:
        reading = {**s3.environment(READER), "VARIORUM_S3_ENDPOINT": f"http://127.0.0.1:{proxy.server_port}"}
        command = ["release", "list", "--json", "--dataset", DATASET, "--store", s3_store.uri]
        assert len(json.loads(variorum(*command, check=True, **reading).stdout)) == 200
        assert proxy.requests == {"GET": 4}
        proxy.requests.clear()
        s3_store.delete(checkpoint_key(DATASET, 200))
        done = variorum(*command, check=True, **reading)
        assert len(json.loads(done.stdout)) == 200
        assert proxy.requests == {"GET": 203}
        assert done.stderr.startswith(
            f"WARNING  checkpoint {checkpoint_key(DATASET, 200)} in {s3_store.uri}: it is missi"
        )
