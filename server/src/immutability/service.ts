import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import type { ImmutableRuleEvent } from './events.ts'
import { checkRule, type ImmutableRule, MOST_RULES, nameOfRule } from './model.ts'
import * as store from './store.ts'

interface Deps {
  db: Database
}

/** The project that a rule is in. */
export interface RuleProject {
  id: number
  name: string
}

/** One page of the rules of a project, and how many there are. */
export function listRules(
  deps: Deps,
  projectId: number,
  list: store.RuleList,
): Promise<{ rules: ImmutableRule[]; total: number }> {
  return store.selectRules(deps.db, projectId, list)
}

/** Makes a rule and answers its id. It holds for every push that begins from now on. Throws bad-request, conflict. */
export async function createRule(
  deps: Deps,
  project: RuleProject,
  rule: Omit<ImmutableRule, 'id'>,
  actor: Actor,
): Promise<number> {
  checkRule(rule.content)
  return await deps.db.transaction().execute(async (tx) => {
    if ((await store.countRules(tx, project.id)) >= MOST_RULES) {
      throw new DomainError('bad-request', `a project has at most ${MOST_RULES} immutable rules`)
    }
    const id = await store.insertRule(tx, project.id, rule)
    if (id === undefined) throw taken()
    await emit(tx, { type: 'immutable-rule.created', payload: payloadOf(project, { ...rule, id }, actor) })
    return id
  })
}

/** Changes a rule of the project. Throws bad-request, conflict, not-found. */
export async function changeRule(
  deps: Deps,
  project: RuleProject,
  rule: ImmutableRule,
  actor: Actor,
): Promise<void> {
  await getRule(deps, project, rule.id)
  checkRule(rule.content)
  await deps.db.transaction().execute(async (tx) => {
    const outcome = await store.updateRule(tx, rule)
    if (outcome === 'absent') throw missing(rule.id)
    if (outcome === 'taken') throw taken()
    await emit(tx, { type: 'immutable-rule.updated', payload: payloadOf(project, rule, actor) })
  })
}

/** Deletes a rule of the project. Throws not-found. */
export async function removeRule(deps: Deps, project: RuleProject, id: number, actor: Actor): Promise<void> {
  const rule = await getRule(deps, project, id)
  await deps.db.transaction().execute(async (tx) => {
    if (!(await store.deleteRule(tx, id))) throw missing(id)
    await emit(tx, { type: 'immutable-rule.deleted', payload: payloadOf(project, rule, actor) })
  })
}

async function getRule(deps: Deps, project: RuleProject, id: number): Promise<ImmutableRule> {
  const rule = await store.findRule(deps.db, project.id, id)
  if (!rule) throw missing(id)
  return rule
}

function payloadOf(project: RuleProject, rule: ImmutableRule, actor: Actor): ImmutableRuleEvent {
  return {
    projectId: project.id,
    projectName: project.name,
    ruleId: rule.id,
    name: nameOfRule(rule.content),
    disabled: rule.disabled,
    actor,
  }
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `immutable rule ${id} not found`)
}

function taken(): DomainError {
  return new DomainError('conflict', 'immutable rule already exists')
}
