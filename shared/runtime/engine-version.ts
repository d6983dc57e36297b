/** Version of this engine, as batches say who wrote them; a test holds it to the package. */
export const ENGINE_VERSION = '0.1.0'
