/** An order, as the shop hands it to the saga: the input of `fulfil-order`. */
import { z } from 'zod'

export const Order = z.strictObject({
  /** Also the saga's id. */
  id: z.string().regex(/^[A-Za-z0-9._:-]{1,200}$/),
  /** ISO 3166 code of the country that it goes to. */
  country: z.string().length(2),
  /** Number of the card that pays, as the payment service knows it. */
  card: z.string().min(4).max(32),
  /** Sum of the lines. */
  cents: z.int().positive(),
  lines: z
    .array(
      z.strictObject({
        sku: z.string().min(1).max(64),
        quantity: z.int().positive().max(1_000),
        /** Price of one. */
        cents: z.int().positive(),
      }),
    )
    .min(1)
    .max(100),
})

export type Order = z.infer<typeof Order>
