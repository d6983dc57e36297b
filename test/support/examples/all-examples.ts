/** The twelve, in the order of docs/examples/README.md. */
import { cacheWarmUpExample } from './cases/cache-warm-up.ts'
import { cancelledOrderExample } from './cases/cancelled-order.ts'
import { childShipmentsExample } from './cases/child-shipments.ts'
import { chordExample } from './cases/chord.ts'
import { dataPipelineExample } from './cases/data-pipeline.ts'
import { insuranceClaimExample } from './cases/insurance-claim.ts'
import { moneyTransferExample } from './cases/money-transfer.ts'
import { onboardingExample } from './cases/onboarding.ts'
import { settlementExample } from './cases/settlement.ts'
import { splitShipmentExample } from './cases/split-shipment.ts'
import { subscriptionExample } from './cases/subscription.ts'
import { travelBookingExample } from './cases/travel-booking.ts'
import type { Example } from './run.ts'

export const examples: readonly Example[] = [
  splitShipmentExample,
  travelBookingExample,
  moneyTransferExample,
  subscriptionExample,
  insuranceClaimExample,
  cacheWarmUpExample,
  dataPipelineExample,
  cancelledOrderExample,
  childShipmentsExample,
  onboardingExample,
  settlementExample,
  chordExample,
]
