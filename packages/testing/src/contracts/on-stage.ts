/** Owns a check on its stage: made for it, closed after it. */

/** A stage that fails to close after a check has failed hides nothing. */
export async function onStage<S extends { readonly close: () => Promise<void> }>(
  make: () => Promise<S>,
  run: (stage: S) => Promise<void>,
): Promise<void> {
  const stage = await make()
  let failed = true
  try {
    await run(stage)
    failed = false
  } finally {
    await stage.close().catch((error: unknown) => {
      if (!failed) throw error
    })
  }
}
