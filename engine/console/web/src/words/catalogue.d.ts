declare module 'virtual:catalogue' {
  const catalogue: import('../../build/catalogue.ts').Catalogue
  export default catalogue
}
