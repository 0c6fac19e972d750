/** Owns the choice of operator: which one carries a kind of window under a kind of policy. */
import type { WindowAssigner } from '../window/assigner.ts'
import { AssignedOperator, GridOperator } from './grid-operator.ts'
import { HoppingOperator } from './hopping-operator.ts'
import type { WindowOperator } from './operator.ts'
import { SessionOperator } from './session-operator.ts'
import { SlidingOperator } from './sliding-operator.ts'
import type { WindowStage } from './window-stage.ts'

export function makeOperator(assigner: WindowAssigner<never, unknown>, stage: WindowStage): WindowOperator {
  const { shape } = assigner
  switch (shape.type) {
    case 'grid':
    case 'one':
      return new GridOperator(stage, assigner)
    // Panes before completion need state per window from the first record on; slices have none.
    case 'hopping':
      return stage.plain ? new HoppingOperator(stage, assigner) : new AssignedOperator(stage, assigner)
    case 'session':
      return new SessionOperator(stage, assigner)
    case 'byRecord':
      return new SlidingOperator(stage, assigner)
    case 'custom':
      return shape.merge ? new SessionOperator(stage, assigner) : new AssignedOperator(stage, assigner)
  }
}
