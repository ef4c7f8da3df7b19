declare module 'upng-js' {
  interface Image {
    readonly width: number;
    readonly height: number;
  }
  const UPNG: {
    decode(file: ArrayBufferLike): Image;
    toRGBA8(image: Image): ArrayBuffer[];
    /** @param colors 0: without a palette */
    encode(frames: readonly ArrayBufferLike[], width: number, height: number, colors: number): ArrayBuffer;
  };
  export default UPNG;
}
