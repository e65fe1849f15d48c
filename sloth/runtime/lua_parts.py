"""The Lua extensions that hosts may load: made by .dev/lua-parts, see transport/lua.py.

tag (Python and platform) → (wheel, sha256 of the wheel, sha256 of the extension lupa/lua54.*.so in it)
"""

PARTS = {
    "abi3-manylinux_armv7l": (
        "lupa-2.8-cp39-abi3-manylinux2014_armv7l.manylinux_2_17_armv7l.manylinux_2_31_armv7l.whl",
        "ba3a7dd839f90c3d2e53bebe3c192b1f3f9fd720a6781256405123211fd0dce6",
        "1222c2ed1f532218081bf7eb275f5768a01cdf804c7b64c06fbdaf8b528ea272",
    ),
    "abi3-manylinux_i686": (
        "lupa-2.8-cp39-abi3-manylinux2010_i686.manylinux_2_12_i686.manylinux_2_28_i686.whl",
        "ac6b6e8d0e617e26a98cbb44880bcd75de5d32b3ad7b3b3793583909292b47ed",
        "e75f4b9c61fe7253d3e3a39ea28486be1898dd4789ac66b0a95a3a4d7d6c1065",
    ),
    "abi3-manylinux_ppc64le": (
        "lupa-2.8-cp39-abi3-manylinux2014_ppc64le.manylinux_2_17_ppc64le.manylinux_2_28_ppc64le.whl",
        "d7edb13a7a5250b5c6c22d1495d9e842b5c9fc5081c8fe6b5efe2112fe3e41f9",
        "4b2ae87d2415ec8fbf0c19c681fe98a5ddd6ad533285d64d3f15b7fedd8288c0",
    ),
    "abi3-musllinux_aarch64": (
        "lupa-2.8-cp39-abi3-musllinux_1_2_aarch64.whl",
        "a295f87b5b7ebbfd5191932e8cb0e51df3c7769101ac6b6c7d7c9fb27bfd1307",
        "0c7780692137f158405c3498dcb62837e626331d1d6018af5912423db69411f1",
    ),
    "abi3-musllinux_x86_64": (
        "lupa-2.8-cp39-abi3-musllinux_1_2_x86_64.whl",
        "2e64acbbd47e9b82a64405a39e0d2b36a5a7dad8ab41c0f3437f572f7d282ba3",
        "be7e4b83b31b630d050731f1781d8e24522246591cdb0e6f5ac8a33d34af5303",
    ),
    "cp310-manylinux_aarch64": (
        "lupa-2.8-cp310-cp310-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "0b5ebe1a13c45767919c86750b84fe2da9f6288b6f3cea4ce7660bb2abc9d921",
        "6e3247e819b73306038f511fede06c2dbd2677bdef6b5f65a4d4dfb0eb06be97",
    ),
    "cp310-manylinux_x86_64": (
        "lupa-2.8-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "097e7d0f1719a88020b67c82e05d53d7973c166952393afcecfd8434c7e19a15",
        "12ceef1664cf29f6d9d5ce1ada4572437f2bc01468c6592beb3a16341d665bf3",
    ),
    "cp311-manylinux_aarch64": (
        "lupa-2.8-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "f6f603391dffb256e36a79fd2044084d5f4b8a0a4c0e5ad291cd3ab3aaf1fd0a",
        "7452d7c871b26cf18d3a46c0737e151550501e9baf2dbe8880691153da5ccf2b",
    ),
    "cp311-manylinux_x86_64": (
        "lupa-2.8-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "9f6f41c91366e7d0d474f87d81c1274af861f40812bf729c9f97ab4c8f3c7ac8",
        "1b0dc24cade0ef27d2555852c885427dd1e3b26620ec3f018782dae59e7ebb1d",
    ),
    "cp312-manylinux_aarch64": (
        "lupa-2.8-cp312-cp312-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "27044f3363047f946b3d3aab9157cbd172b3538ada9ec1baef43432bf7d03a78",
        "fe8b137f50789a12791b5a2731eb616312202b6e358ed434beb8d5bd1b753228",
    ),
    "cp312-manylinux_x86_64": (
        "lupa-2.8-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "8cf4f064a0e5531afce2d7d750120c10c10f9529139af6ca6150d13151034398",
        "9c54d6231aeeb77d7d46b101e2308826138dec86a76f712ad57a476486c3388b",
    ),
    "cp313-manylinux_aarch64": (
        "lupa-2.8-cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "58e18afed57955b41130e269c78f53d4123ab86e236b53816f4cbffa25cb5d30",
        "5cfb8808928167edfd4808e2322ef8008d7c5a7e928c7154a0d525c9f19bd60e",
    ),
    "cp313-manylinux_x86_64": (
        "lupa-2.8-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "fc47f536ac13a79cef47d29a2b205576a22841f042a2bcec1676b95806e7706a",
        "01e46c8bd36bf7ee5a28e8e7cfc8c69a57a20c0ac4265080aeee1806bdd11d2c",
    ),
    "cp314-manylinux_aarch64": (
        "lupa-2.8-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "951496471056061598a7d1729a6cdf48d662fec777a9f2d8aa5a1e62fd30e5a5",
        "25e82794975a1390434328b38e697d2678e4c3e7703ad142609fa6341572057d",
    ),
    "cp314-manylinux_x86_64": (
        "lupa-2.8-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "a591b9947ca347b41a63370e121d6e2b1458fe6dde9ae065029ec10a37f25ff4",
        "7a502541010aada37c3d81f7b4c83464638f9b8458e873942929bedf311b467d",
    ),
    "cp36-manylinux_aarch64": (
        "lupa-2.4-cp36-cp36m-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "f2d5c732f4fe8a4f1577f49e7a31045294019c731208ecee6f194bb03ee4c186",
        "e0b3b4e368d304209f83c12183e5e0df2c79275f811c9c9d098a4c866c240dcd",
    ),
    "cp36-manylinux_i686": (
        "lupa-2.4-cp36-cp36m-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.manylinux2014_i686.whl",
        "07f55b6c30f9e03f63ca7c4037b146110194ab0f89021a9923b817a01aa1c3bc",
        "2f9ee0889389320055c69b018933ad5661aba6ce4b68927f0380e21e9f9e0b6a",
    ),
    "cp36-manylinux_x86_64": (
        "lupa-2.4-cp36-cp36m-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "90a41c0f2744be3b055dec0b9f65cd87c52fb7a86891df43292369ee8e4ea111",
        "4baf2a0c3080b151e5a6adc2cf1f308065bad13e274f0a10ae0e26b92b358948",
    ),
    "cp36-musllinux_aarch64": (
        "lupa-2.4-cp36-cp36m-musllinux_1_2_aarch64.whl",
        "34994926045e66fea6b93b2caab3ac66f5de4218055fd4dd2b98198b2c3765ee",
        "6f881da7e2f9b1583257445abaa19a69dfc546ff0aa8edc74d2e4d8c60825889",
    ),
    "cp36-musllinux_x86_64": (
        "lupa-2.4-cp36-cp36m-musllinux_1_2_x86_64.whl",
        "1247453e4b95dfbf88a13065e49815992db16485398760951425a29df7b5e2dc",
        "9ebe917474620bc9d0ac345daad4b79b770d8fbf319de9908fd9147d6e5068e6",
    ),
    "cp37-manylinux_aarch64": (
        "lupa-2.4-cp37-cp37m-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "9c3feb9d8af4c5cda2f1523ce6b40cadc96b8de275d84f7d64e1a35b8ecd7f62",
        "753bfe3d76c1cce83f8ec85435d68c12ea84b21f69b46c209219910a96190ed9",
    ),
    "cp37-manylinux_i686": (
        "lupa-2.4-cp37-cp37m-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.manylinux2014_i686.whl",
        "710067765c252328ba2d521a3ab7dfef3a6b89293b9ed24254587db5210612ca",
        "21a29c40481befc50bcb30db663a36709881625964774797d4e093218389dc16",
    ),
    "cp37-manylinux_x86_64": (
        "lupa-2.4-cp37-cp37m-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "89d802cd78da75262477148ef5aea14c8da76f356329f69b44bc3b31dd3d64a1",
        "7fe7b4142de48b360b8b77738016c157d486f6943f50be34eca7d6d1d2e4da22",
    ),
    "cp37-musllinux_aarch64": (
        "lupa-2.4-cp37-cp37m-musllinux_1_2_aarch64.whl",
        "e84b388356fe392d787e6a8aed182bd5b807de8965aa9ef6f10d0eb5e47ddca5",
        "7f7972e55ab9b28265ae86562671fe8df908926e21f01fa7552704a41e835b26",
    ),
    "cp37-musllinux_x86_64": (
        "lupa-2.4-cp37-cp37m-musllinux_1_2_x86_64.whl",
        "7ca47a1ac55c8f5cc0043b9fee195b2f6f3b9435fde71a0e035546b9410731e9",
        "5445f1d6684748e829911a6e00855a299a8ee031a6451f35f4edb863e6343ec5",
    ),
    "cp38-manylinux_aarch64": (
        "lupa-2.8-cp38-cp38-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "5caf45d15d424cee52fd67341e96e2b1dde0658ae90eb156ac56aa0d8330bc38",
        "e3743a05e55eedcc89979abf37d1af6539b533d4f42f51538bc82b085e8343be",
    ),
    "cp38-manylinux_x86_64": (
        "lupa-2.8-cp38-cp38-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "33e7e5aebca64b154b0a1679caf79e19254ff37bba51e87abab6848f97cb2de1",
        "5c706aab9c7ea77256f63b46b228b25da72aec0b29ebfe0fc130c4c1d3fec8c4",
    ),
    "cp39-manylinux_aarch64": (
        "lupa-2.8-cp39-cp39-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
        "3ffcfd8e19f943ad459136b3f60f085ae4948f024192a93ca4b4ac3023ec88d8",
        "c119003d5421c28765bf1d4d094177212bfb33ff2cda6623f6eb36f466dc8552",
    ),
    "cp39-manylinux_x86_64": (
        "lupa-2.8-cp39-cp39-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "9f3f3955f65f9fde2dc6eda3041ccd394cf54d4bf083f0cdf6feb3d58e5f38d3",
        "73ecb40498747e4136a4909e21a6b5c6bf9990d2d3920625069f335c5ee7507d",
    ),
}
