import { expect, it } from 'vitest'
import { admitToProject } from './admission.ts'
import type { Principal, ProjectContext } from './model.ts'

const administrator: Principal = { kind: 'user', id: 1, username: 'admin', sysadmin: true, generation: 1 }
const user: Principal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }
const anonymous: Principal = { kind: 'anonymous' }
const project: ProjectContext = { id: 3, public: false, roles: ['guest'] }

it('answers the project to whoever may do all of it there', () => {
  expect(admitToProject(user, ['repository:pull'], project, 'team')).toBe(project)
  expect(() => admitToProject(user, ['repository:pull', 'repository:push'], project, 'team')).toThrow(
    expect.objectContaining({ kind: 'forbidden' }),
  )
})

it('refuses alike where the project is hidden and where it is missing', () => {
  const hidden = { ...project, roles: [] }
  for (const found of [hidden, undefined]) {
    expect(() => admitToProject(user, ['label:create'], found, 'team')).toThrow(
      expect.objectContaining({ kind: 'forbidden', message: 'forbidden' }),
    )
    expect(() => admitToProject(anonymous, ['label:create'], found, 'team')).toThrow(
      expect.objectContaining({ kind: 'unauthorized' }),
    )
  }
})

it('tells whoever would be let in anywhere that it is missing', () => {
  expect(() => admitToProject(administrator, ['label:create'], undefined, 'team')).toThrow(
    expect.objectContaining({ kind: 'not-found', message: 'project team not found' }),
  )
})
