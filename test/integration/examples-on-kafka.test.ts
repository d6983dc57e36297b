/** The worked definitions of docs/examples, each to its ends, on a real Kafka and Postgres. */
import { describe, test } from 'vitest'
import { examples } from '../support/examples/all-examples.ts'
import { cancelEveryRun, restartMeanwhile } from '../support/examples/disturbed.ts'
import { runExamples } from '../support/examples/examples-suite.ts'
import { openKafkaExampleHome } from '../support/examples/kafka-home.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('the examples', ['kafka', 'postgres'], (servers) => {
  const open = () => openKafkaExampleHome(servers, examples)
  describe('to their ends', () => runExamples(examples, open))

  test('all runs at once, each cancelled at a moment of its own', async () => {
    await cancelEveryRun(examples, open, 1)
  })

  test('all runs at once, half of them cancelled, while every service is stopped and started again', async () => {
    await restartMeanwhile(examples, open, 1)
  })
})
