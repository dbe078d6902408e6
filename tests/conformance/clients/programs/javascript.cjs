// The JavaScript SDK's worker and client: each check prints one line of JSON, its error is null when it holds.
"use strict";

const assert = require("node:assert/strict");
const {
  EntityInstanceId,
  HistoryEventType: Event,
  NoOpLogger,
  OrchestrationStatus: Status,
  PurgeInstanceCriteria,
  RetryPolicy,
  TaskEntity,
  TaskHubGrpcClient,
  TaskHubGrpcWorker,
  whenAll,
} = require("@microsoft/durabletask-js");

const options = { hostAddress: process.env.ADDRESS, useTLS: false, logger: new NoOpLogger() };
const client = new TaskHubGrpcClient(options);
const worker = new TaskHubGrpcWorker(options);
const INVALID_ARGUMENT = 3;
const SECONDS = 60;

class Counter extends TaskEntity {
  initializeState() {
    return { count: 0 };
  }
  add(amount) {
    this.state.count += amount;
    return this.state.count;
  }
}

let attempts = 0;
const double = (_, number) => number * 2;
const flaky = () => {
  attempts += 1;
  if (attempts < 3) throw new Error("not yet");
  return attempts;
};

async function* once(context, number) {
  return yield context.callActivity(double, number);
}

async function* chain(context, number) {
  const two = yield context.callActivity(double, number);
  return yield context.callActivity(double, two);
}

async function* fan(context, numbers) {
  return yield whenAll(numbers.map((number) => context.callActivity(double, number)));
}

async function* parent(context, number) {
  const child = yield context.callSubOrchestrator(chain, number, { instanceId: `${context.instanceId}-child` });
  return child + 1;
}

async function* retrying(context) {
  const retry = new RetryPolicy({ maxNumberOfAttempts: 5, firstRetryIntervalInMilliseconds: 20 });
  return yield context.callActivity(flaky, null, { retry });
}

async function* waiting(context, input) {
  context.setCustomStatus({ waits: input });
  const answer = yield context.waitForExternalEvent("answer");
  return { input, answer };
}

async function* sleeping(context) {
  const before = context.currentUtcDateTime.getTime();
  yield context.createTimer(0.3);
  return context.currentUtcDateTime.getTime() - before;
}

async function* collecting(context, seen) {
  const item = yield context.waitForExternalEvent("item");
  const now = [...seen, item];
  if (now.length < 3) {
    context.continueAsNew(now, true);
    return undefined;
  }
  return now;
}

async function* calling(context, key) {
  const counter = new EntityInstanceId("counter", key);
  yield context.entities.callEntity(counter, "add", 2);
  return yield context.entities.callEntity(counter, "add", 3);
}

async function result(id) {
  const state = await client.waitForOrchestrationCompletion(id, true, SECONDS);
  assert.equal(state.runtimeStatus, Status.COMPLETED, state.failureDetails?.message);
  return JSON.parse(state.serializedOutput);
}

async function outputOf(orchestrator, input, id) {
  return result(await client.scheduleNewOrchestration(orchestrator, input, id));
}

async function eventually(look) {
  const until = Date.now() + SECONDS * 1000;
  while (Date.now() < until) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`It has not happened in time: ${look}`);
}

async function status(id) {
  return (await client.getOrchestrationState(id)).runtimeStatus;
}

async function refused(call) {
  await assert.rejects(call, (error) => error.code === INVALID_ARGUMENT && error.details.includes("100"));
}

/** An instance that has begun to wait for its event. */
async function begun(id, input) {
  await client.scheduleNewOrchestration(waiting, input, id);
  await eventually(async () => (await client.getOrchestrationState(id)).serializedCustomStatus);
}

const checks = {
  chain: async () => assert.equal(await outputOf(chain, 5), 20),

  "fan-out and fan-in": async () => {
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    assert.deepEqual(await outputOf(fan, numbers), numbers.map((number) => number * 2));
  },

  "sub-orchestration": async () => {
    assert.equal(await outputOf(parent, 5, "parent"), 21);
    assert.equal(await result("parent-child"), 20);
  },

  "activity retry": async () => assert.equal(await outputOf(retrying), 3),

  "external event": async () => {
    await begun("event", "x");
    await client.raiseOrchestrationEvent("event", "answer", { yes: "é" });
    assert.deepEqual(await result("event"), { input: "x", answer: { yes: "é" } });
  },

  timer: async () => assert.ok((await outputOf(sleeping)) >= 300),

  "custom status": async () => {
    await begun("status", "y");
    const state = await client.getOrchestrationState("status");
    assert.deepEqual(JSON.parse(state.serializedCustomStatus), { waits: "y" });
    assert.equal(state.runtimeStatus, Status.RUNNING);
  },

  "continue-as-new": async () => {
    const id = await client.scheduleNewOrchestration(collecting, []);
    for (const item of [1, 2, 3]) await client.raiseOrchestrationEvent(id, "item", item);
    assert.deepEqual(await result(id), [1, 2, 3]);
  },

  "entity signal": async () => {
    const counter = new EntityInstanceId("counter", "signalled");
    await client.signalEntity(counter, "add", 4);
    await client.signalEntity(counter, "add", 5);
    await eventually(async () => (await client.getEntity(counter))?.state.count === 9);
  },

  "entity call": async () => assert.equal(await outputOf(calling, "called"), 5),

  "entity state": async () => {
    const counter = new EntityInstanceId("counter", "kept");
    await outputOf(calling, "kept");
    const found = await eventually(() => client.getEntity(counter));
    assert.deepEqual([found.includesState, found.state, found.id.toString()], [true, { count: 5 }, "@counter@kept"]);
    assert.equal((await client.getEntity(counter, false)).includesState, false);
    const listed = [];
    for await (const entity of client.getEntities({ instanceIdStartsWith: "@counter@kept" })) listed.push(entity);
    assert.deepEqual(listed.map((entity) => entity.id.key), ["kept"]);
  },

  "entity without state": async () => {
    const nobody = new EntityInstanceId("counter", "nobody");
    assert.equal(await client.getEntity(nobody), undefined);
    await client.signalEntity(nobody, "add", 1, { signalTime: new Date(Date.now() + 3_600_000) });
    assert.equal(await client.getEntity(nobody), undefined);
  },

  "suspend and resume": async () => {
    await begun("suspended", "z");
    await client.suspendOrchestration("suspended");
    await eventually(async () => (await status("suspended")) === Status.SUSPENDED);
    await client.raiseOrchestrationEvent("suspended", "answer", 1);
    // The worker had time for other work, and for this one had it been given any.
    assert.equal(await outputOf(chain, 1), 4);
    assert.equal(await status("suspended"), Status.SUSPENDED);
    await client.resumeOrchestration("suspended");
    assert.deepEqual(await result("suspended"), { input: "z", answer: 1 });
  },

  terminate: async () => {
    await begun("terminated", "t");
    await client.terminateOrchestration("terminated", "enough");
    const state = await client.waitForOrchestrationCompletion("terminated", true, SECONDS);
    assert.equal(state.runtimeStatus, Status.TERMINATED);
    assert.equal(JSON.parse(state.serializedOutput), "enough");
  },

  "restart of a running instance": async () => {
    await begun("first", "r");
    const second = await client.restartOrchestration("first", true);
    assert.notEqual(second, "first");
    assert.equal(await status("first"), Status.RUNNING);
    await client.raiseOrchestrationEvent(second, "answer", 2);
    assert.deepEqual(await result(second), { input: "r", answer: 2 });
    await client.raiseOrchestrationEvent("first", "answer", 1);
    assert.deepEqual(await result("first"), { input: "r", answer: 1 });
  },

  "history of one activity": async () => {
    await outputOf(once, 1, "history");
    const events = await client.getOrchestrationHistory("history");
    assert.deepEqual(
      events.map((event) => event.type),
      [
        Event.OrchestratorStarted, Event.ExecutionStarted, Event.TaskScheduled,
        Event.OrchestratorStarted, Event.TaskCompleted, Event.ExecutionCompleted,
      ],
    );
  },

  "query in pages": async () => {
    const ids = ["page-1", "page-2", "page-3", "page-4", "page-5"];
    for (const id of ids) await outputOf(chain, 1, id);
    const query = { instanceIdPrefix: "page-", statuses: [Status.COMPLETED], fetchInputsAndOutputs: true };
    const pages = [];
    for await (const page of client.getAllInstances(query).asPages(undefined, 2)) pages.push(page.values);
    assert.deepEqual(pages.map((page) => page.length), [2, 2, 1]);
    assert.deepEqual(pages.flat().map((state) => state.instanceId).sort(), ids);
    assert.deepEqual(new Set(pages.flat().map((state) => state.serializedOutput)), new Set(["4"]));
    const listed = [];
    let page;
    do {
      page = await client.listInstanceIds({ pageSize: 2, lastInstanceKey: page?.continuationToken });
      listed.push(...page.values);
    } while (page.hasMoreResults);
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(listed.filter((id) => id.startsWith("page-")).sort(), ids);
  },

  purge: async () => {
    await outputOf(chain, 1, "purged");
    assert.equal((await client.purgeOrchestration("purged")).deletedInstanceCount, 1);
    assert.equal(await client.getOrchestrationState("purged"), undefined);
    assert.equal((await client.purgeOrchestration("purged")).deletedInstanceCount, 0);
    await outputOf(chain, 1, "before");
    const since = new Date((await client.getOrchestrationState("before")).createdAt.getTime() + 1);
    await eventually(() => Date.now() > since.getTime());
    await outputOf(chain, 1, "purged-1");
    await outputOf(chain, 1, "purged-2");
    const criteria = new PurgeInstanceCriteria();
    criteria.setCreatedTimeFrom(since);
    criteria.setRuntimeStatusList([Status.COMPLETED]);
    assert.equal((await client.purgeOrchestration(criteria)).deletedInstanceCount, 2);
    assert.equal(await client.getOrchestrationState("purged-1"), undefined);
    assert.ok(await client.getOrchestrationState("before"));
  },

  "long instance id": async () => {
    await refused(client.scheduleNewOrchestration(chain, 1, "i".repeat(101)));
    assert.equal(await outputOf(chain, 1, "i".repeat(100)), 4);
  },

  "long entity id": async () => {
    const longest = 100 - "@counter@".length;
    await refused(client.signalEntity(new EntityInstanceId("counter", "k".repeat(longest + 1)), "add", 1));
    const counter = new EntityInstanceId("counter", "k".repeat(longest));
    await client.signalEntity(counter, "add", 1);
    await eventually(() => client.getEntity(counter));
  },
};

async function main() {
  for (const orchestrator of [once, chain, fan, parent, retrying, waiting, sleeping, collecting, calling]) {
    worker.addOrchestrator(orchestrator);
  }
  worker.addActivity(double);
  worker.addActivity(flaky);
  worker.addNamedEntity("counter", () => new Counter());
  await worker.start();
  for (const [check, hold] of Object.entries(checks)) {
    let error = null;
    try {
      await hold();
    } catch (caught) {
      error = caught.stack ?? String(caught);
    }
    console.log(JSON.stringify({ check, error }));
  }
  await worker.stop();
  await client.stop();
}

main();
