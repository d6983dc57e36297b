import { chord, loans, north, south, west } from '../../../../docs/examples/chord.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, type Deeds, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

/** A bureau that knows everybody but those it does not. */
const bureauDeeds = (name: string, score: number): Deeds<typeof north> => ({
  enquire: does(
    () => name,
    ({ person }) => (person.includes(`no-${name}`) ? rejected('unknown-person', 'never heard of') : { score }),
  ),
  withdraw: undoes(() => name),
})

export const chordExample: Example = {
  title: 'a chord: a parallel group, then one step with all results',
  definitions: [chord],
  bookkeepers: [
    bookkeeper(north, bureauDeeds('north', 700)),
    bookkeeper(south, bureauDeeds('south', 600)),
    bookkeeper(west, bureauDeeds('west', 500)),
    bookkeeper(loans, {
      file: does(
        () => 'file',
        () => null,
      ),
      unfile: undoes(() => 'file'),
      decide: does(
        () => 'loan',
        ({ scores, person }) =>
          person.endsWith('gambler')
            ? rejected('too-risky', 'no')
            : { cents: scores.reduce((sum, score) => sum + score, 0) },
      ),
    }),
  ],
  runs: [
    run(chord, {
      name: 'decides with two of three when one bureau refuses',
      sagaId: 'loan-two',
      input: (id) => ({ id, person: 'no-west' }),
      ends: 'completed',
      output: { cents: 1_300 },
      net: { file: 'kept', north: 'kept', south: 'kept', loan: 'kept' },
    }),
    run(chord, {
      name: 'withdraws every enquiry when the loan is refused',
      sagaId: 'loan-gambler',
      input: (id) => ({ id, person: 'a gambler' }),
      ends: 'compensated',
      net: 'all undone',
    }),
    run(chord, {
      name: 'turns back when two bureaus refuse: there are not enough left',
      sagaId: 'loan-one',
      input: (id) => ({ id, person: 'no-west no-south' }),
      ends: 'compensated',
      net: 'all undone',
    }),
  ],
}
