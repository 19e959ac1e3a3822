import 'antd/dist/reset.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app.tsx'
import { createPortalRouter } from './app/router.tsx'
import { createI18n } from './lib/i18n.ts'

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')

createRoot(place).render(
  <StrictMode>
    <App i18n={createI18n()} router={createPortalRouter()} />
  </StrictMode>,
)
