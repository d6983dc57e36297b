/** `kasaga participants [name]`: what is under way at them, and who waits. */
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { participantsText, participantText } from '../text/participant-text.ts'

/** `kasaga participants`. */
export const participantsCommand: CliCommand = (program, around) => {
  const command = program
    .command('participants')
    .description('Show how hard participants may be asked, their breakers, and what is under way or waits.')
    .argument('[name]', 'only this one, with the first hundred steps that wait for it, in the order in which they go')
  asking(command, around, 'kasaga participants payment')
  command.action(async (name: string | undefined, options: AskOptions) => {
    const eyes = { color: around.color, now: around.now() }
    if (name !== undefined) {
      const one = await clientOf(options).participant(name)
      return writeResult(around, options, { json: one, text: participantText(one, eyes) })
    }
    const all = await clientOf(options).participants()
    if (all.participants.length === 0 && !options.json)
      around.stderr.write('No participant has limits, an open breaker, or anything under way.\n')
    else writeResult(around, options, { json: all, text: participantsText(all.participants, eyes) })
  })
}
