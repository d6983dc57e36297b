/** `kasaga participants [name]`: what is under way at them, and who waits. */
import { RECENT_MINUTES_MAX } from '../../../shared/client/participant-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { participantsText, participantText } from '../text/participant-text.ts'

interface ParticipantsOptions extends AskOptions {
  readonly minutes: number
}

const minutes = whole(1, RECENT_MINUTES_MAX)

/** `kasaga participants`. */
export const participantsCommand: CliCommand = (program, around) => {
  const command = program
    .command('participants')
    .description(
      'Show how hard participants may be asked, their breakers, what is under way or waits, and how they answer.',
    )
    .argument('[name]', 'only this one, with the first hundred steps that wait for it, in the order in which they go')
  command.option('--minutes <n>', `how far back to look at their answers, at most ${RECENT_MINUTES_MAX}`, minutes, 5)
  asking(command, around, 'kasaga participants payment')
  command.action(async (name: string | undefined, options: ParticipantsOptions) => {
    const eyes = { color: around.color, now: around.now() }
    if (name !== undefined) {
      const one = await clientOf(options).participant(name, { minutes: options.minutes })
      return writeResult(around, options, { json: one, text: participantText(one, eyes) })
    }
    const all = await clientOf(options).participants({ minutes: options.minutes })
    if (all.participants.length === 0 && !options.json)
      around.stderr.write('No participant has limits, an open breaker, anything under way, or has answered just now.\n')
    else writeResult(around, options, { json: all, text: participantsText(all.participants, eyes) })
  })
}
