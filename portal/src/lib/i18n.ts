import { createInstance, type i18n } from 'i18next'
import { initReactI18next } from 'react-i18next'
import shellEn from '../locales/shell.en.ts'
import shellZhCn from '../locales/shell.zh-cn.ts'
import systemEn from '../locales/system.en.ts'
import systemZhCn from '../locales/system.zh-cn.ts'

/** Languages of the portal, each by its own name. */
export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Language = keyof typeof LANGUAGES

const REMEMBERED = 'portolan.language'

/** The texts of the portal, in the language chosen before, else in the browser's, else in English. */
export function createI18n(preferred: readonly string[] = navigator.languages): i18n {
  const instance = createInstance()
  void instance.use(initReactI18next).init({
    lng: localStorage.getItem(REMEMBERED) ?? closest(preferred),
    fallbackLng: 'en',
    supportedLngs: Object.keys(LANGUAGES),
    resources: {
      en: { shell: shellEn, system: systemEn },
      'zh-CN': { shell: shellZhCn, system: systemZhCn },
    },
    interpolation: { escapeValue: false },
    initAsync: false,
  })
  document.documentElement.lang = instance.language

  return instance
}

/** Switches at once and for the next visits. */
export async function chooseLanguage(instance: i18n, language: Language): Promise<void> {
  localStorage.setItem(REMEMBERED, language)
  document.documentElement.lang = language
  await instance.changeLanguage(language)
}

function closest(preferred: readonly string[]): Language {
  for (const language of preferred) {
    if (/^zh\b/i.test(language)) return 'zh-CN'
    if (/^en\b/i.test(language)) return 'en'
  }
  return 'en'
}
