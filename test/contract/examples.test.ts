/** The worked definitions of docs/examples, each to its ends, on the embedded home. */
import { examples } from '../support/examples/all-examples.ts'
import { openExampleHome } from '../support/examples/embedded-home.ts'
import { runExamples } from '../support/examples/examples-suite.ts'

runExamples(examples, openExampleHome)
