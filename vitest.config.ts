import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * Files that take longest. They begin first, so that no worker is left alone with one at the end: those that start processes
 * in turn with those that mostly wait for a carrier, so that the processor is neither idle nor late for them.
 */
const long = [
  "test/e2e/leaks.test.ts",
  "test/contract/share6.test.ts",
  "test/telephony/listeners.test.ts",
  "test/contract/share0.test.ts",
  "test/simulator/simulate.test.ts",
  "test/contract/share1.test.ts",
  "test/recording/killed.test.ts",
  "test/contract/share2.test.ts",
  "test/newProvider.test.ts",
  "test/contract/share3.test.ts",
  "test/e2e/killed.test.ts",
  "test/contract/share4.test.ts",
  "test/e2e/start.test.ts",
  "test/contract/share5.test.ts",
  "test/ui/calls.test.ts",
  "test/contract/share7.test.ts",
  "test/store/embedded.test.ts",
  "test/providers/browser/service.test.ts",
  "test/agents/twilioStream/openAi.test.ts",
  "test/e2e/simulatedCalls.test.ts",
  "test/telephony/mediaLine.test.ts",
  "test/ui/configurations.test.ts",
  "test/telephony/sweeper.test.ts",
  "test/agents/openaiRealtime/service.test.ts",
  "test/recording/actions.test.ts",
  "test/providers/ari/variants.test.ts"
]

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((name) => moduleId.endsWith(name))
      return at === -1 ? long.length : at
    }
    return (await super.sort(files)).toSorted((left, right) => place(left) - place(right))
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many files wait for real sockets and real seconds: four at a time keep two cores busy.
    maxWorkers: 4,
    // A worker keeps what it has loaded from file to file: loading costs as much as testing. Tests share no state by modules.
    isolate: false,
    // The embedded database's code is compiled once and not again for speed, which costs more than tests win by it.
    execArgv: ["--liftoff-only"],
    sequence: { sequencer: LongFirst }
  }
})
