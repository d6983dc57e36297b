/** The worked definitions of docs/examples, each to its ends, on a real Kafka and Postgres. */
import { examples } from '../support/examples/all-examples.ts'
import { runExamples } from '../support/examples/examples-suite.ts'
import { openKafkaExampleHome } from '../support/examples/kafka-home.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('the examples', ['kafka', 'postgres'], (servers) => {
  runExamples(examples, () => openKafkaExampleHome(servers, examples))
})
