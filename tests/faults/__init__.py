"""Twenty faults, injected into real processes and real databases, and what must hold through each of them.

``pytest tests/faults`` runs the short form, ``pytest tests/faults --faults=long`` the full one; ``--faults-seed=N``
repeats what chance did in an earlier run. The closing line sums it up.

How a fault's test is written
-----------------------------
A fault has a number, and its tests are in ``test_NN_*.py``; a fault is passed when all of them passed. A test takes

``fault``         :class:`~tests.faults.report.Fault`, what it tells the closing line: ``fault.killed()`` for each
                  process it killed, ``fault.recovered(seconds)`` from a kill to the run's next body,
                  ``fault.figure("…")`` for the words of the last column, ``fault.check(problems)`` to fail on
                  violations and have them counted.
``long``          False in the short form: take small numbers then, so that the fault takes 12 seconds at most.
``rng``           a ``random.Random`` of this test, from the seed.
``store``         an open store; ``store_url`` is its URL for other processes. Both databases, one after the other;
                  with ``@pytest.mark.one_database_when_short`` the short form takes one, chosen by the seed. For a
                  fault of one database: ``@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)``.
``ledger``        :class:`~tests.faults.ledger.Ledger`, the file outside the database that every body writes to.
``crew``          :class:`~tests.faults.crew.Crew`, worker processes: ``crew.start(failpoints="after STEP_DONE=kill")``
                  starts one (:mod:`tests.faults.worker` says all it takes), ``.kill()``, ``.freeze()``, ``.thaw()``,
                  ``.signal(n)`` and ``await .ended()`` are what happens to it; nothing outlives the test.
``acknowledged``  :class:`~tests.faults.evidence.Acknowledged`: put in what the store said yes to, that is runs,
                  decisions and outputs.

and reads like this::

    @pytest.mark.one_database_when_short
    async def test_workers_killed_at_random(fault, long, rng, store, crew, ledger, acknowledged):
        flow = ledger_workflow(store)
        for _ in range(500 if long else 60):
            acknowledged.runs.append((await flow.submit(pace=0.05)).run_id)
        ...  # start workers, hurt them, until the fault is over
        fault.check(await settled(store, within=2 * crew.lease + 5))  # I7
        fault.check(await all_over(store, acknowledged.runs, within=30))  # and here every run has to end
        fault.check(broken(await gather(store, ledger, acknowledged)))  # I1 to I6, I8

Steps misbehave as the run's input says, ``flow.submit(acts={"step-3": "ask"})``: see :mod:`tests.faults.workload`.
Workers say they are each on a machine of their own (``machine``), so that a killed one is missed when its lease lapses
and not before; with ``machine=""`` they are on this one, where a death is proven at once. What runs in this process
(``working`` of tests/engine/helpers.py) does as it always does.
"""
