/**
 * A bank decides on a loan. Two of three bureaus are enough to go on with; their scores, however many there are, go to one
 * decision. A bureau that refuses does no harm as long as two others answer, and one that is slow is not waited for.
 *
 * Shapes: a chord, which is a parallel group and then one step with all results; enough branches, of which the rest is
 * undone.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const loanId = z.string().min(1).max(100)
const Asked = z.object({ loanId, person: z.string() })

/** A bureau's enquiry shows in the person's file, until it is withdrawn. */
const bureau = <const Name extends string>(name: Name) =>
  participant(name, {
    enquire: command({ input: Asked, output: z.object({ score: z.int() }), rejects: ['unknown-person'] }),
    withdraw: command({ input: Asked }),
  })
export const north = bureau('bureau-north')
export const south = bureau('bureau-south')
export const west = bureau('bureau-west')

export const loans = participant('loans', {
  file: command({ input: Asked }),
  unfile: command({ input: Asked }),
  decide: command({
    input: Asked.extend({ scores: z.array(z.int()).min(2) }),
    output: z.object({ cents: z.int().positive() }),
    rejects: ['too-risky'],
  }),
})

export const LoanRequest = z.object({ id: loanId, person: z.string() })
type Seen = { readonly input: z.infer<typeof LoanRequest> }
const asked = ({ input }: Seen) => ({ loanId: input.id, person: input.person })

export const chord = saga('chord', { version: 1, input: LoanRequest, deadline: '1 day' })
  .step('file', loans.file, asked)
  .undo(loans.unfile, asked)
  .parallel(
    'scores',
    {
      north: (b) =>
        b
          .step('score', north.enquire, asked)
          .undo(north.withdraw, asked)
          .output(({ score }) => score.score),
      south: (b) =>
        b
          .step('score', south.enquire, asked)
          .undo(south.withdraw, asked)
          .output(({ score }) => score.score),
      west: (b) =>
        b
          .step('score', west.enquire, asked)
          .undo(west.withdraw, asked)
          .output(({ score }) => score.score),
    },
    { enough: 2 },
  )
  .pivot('decide', loans.decide, ({ input, scores }) => ({
    ...asked({ input }),
    scores: [scores.north, scores.south, scores.west].filter((score) => score !== undefined),
  }))
  .output(({ decide }) => ({ cents: decide.cents }))
