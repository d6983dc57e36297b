/** The sagas that these services run. */
import { Definitions } from '../../shared/saga/definition.ts'
import { fulfilOrder } from './fulfil-order.ts'

export const definitions = new Definitions([fulfilOrder])
