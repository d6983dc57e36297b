/** Timers on the embedded home: putting many sagas to sleep, and how late others wake beside them under load. */
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { openEmbedded } from '../homes/embedded.ts'
import { checkedReport } from '../measure/checked-report.ts'
import { calibrate } from '../measure/machine.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { latencyOf, spreadOf } from '../measure/spread.ts'
import { timerCost } from '../measure/timer-cost.ts'
import { Reminders } from '../work/reminders.ts'

const LATER_MS = 30 * 86_400_000
const WITHIN_MS = 600_000
const WARM_UP_MS = 3_000
const SHARE = 0.5
const WAKE_PER_SECOND = 200
const SLEEP_MS = 1_000
const ALONE = [100_000, 1_000_000]

export async function timers({ sizes: { pending = 0 }, inFlight, seconds, repetitions, say }: Wanted): Promise<object> {
  const alone = ALONE.map(timerCost)
  const installation = await openEmbedded({ ...ORCHESTRATOR_LIMITS, liveSagasMax: 2 * pending })
  const reminders = await Reminders.open({ ...installation, broker: installation.home.broker })
  const { load } = installation
  try {
    const [began, cpu] = [performance.now(), process.cpuUsage()]
    await reminders.sleep(pending, Date.now() + LATER_MS, WITHIN_MS)
    const insertedPerSecond = (pending * 1_000) / (performance.now() - began)
    const { user, system } = process.cpuUsage(cpu)
    say(`${pending} sagas sleep: ${insertedPerSecond.toFixed(0)} a second`)
    await load.closed(inFlight, WARM_UP_MS)
    const { ended, overMs } = await load.closed(inFlight, seconds * 1_000)
    await load.drained(WITHIN_MS)
    const perSecond = Math.round((SHARE * ended * 1_000) / overMs)
    const all = []
    for (let i = 0; i < repetitions; i++) {
      const calibrationMs = calibrate()
      const wanted = { perSecond: WAKE_PER_SECOND, sleepMs: SLEEP_MS, forMs: seconds * 1_000 }
      const [lateMs] = await Promise.all([reminders.wake(wanted, WITHIN_MS), load.open(perSecond, seconds * 1_000)])
      await load.drained(WITHIN_MS)
      all.push({ ...latencyOf(lateMs), calibrationMs })
      say(`repetition ${i + 1}: beside ${perSecond} sagas/s p50 ${all[i]?.p50Ms} ms late, p99 ${all[i]?.p99Ms} ms`)
    }
    const { completed, compensated } = load.expected
    const right = { completed: completed + reminders.woken, compensated, running: pending }
    return {
      pending,
      insertedPerSecond,
      insertCpuMicros: (user + system) / pending,
      sagasPerSecondBeside: perSecond,
      lateP50Ms: spreadOf(all.map(({ p50Ms }) => p50Ms)),
      lateP99Ms: spreadOf(all.map(({ p99Ms }) => p99Ms)),
      calibrationMs: spreadOf(all.map(({ calibrationMs }) => calibrationMs)),
      alone,
      ...checkedReport(await installation.audit(), right),
    }
  } finally {
    await reminders.close()
    await installation.close()
  }
}
