# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program file with a version, which FileVersionInfo reads on this machine as on Windows: by its four numbers.

On this machine it reads .NET assemblies only. This one has nothing but its version. Add-Type -OutputAssembly makes it
of one line: [assembly: System.Reflection.AssemblyFileVersion("00000.00000.00000.00000")]
"""

from __future__ import annotations

import base64
import zlib

NUMBERS = b"00000.00000.00000.00000"
ASSEMBLY = (
    "eNrtVL1PFEEUf3sfcHd8yEXFGA0ursaY6Ob0CEFjFI4DATkhHPgVE9hdhmNwdvecnUOwUBqjpa1/A40kFMTawobS3sLG2s4G3+wu7AYS"
    "TOiMvtz83ryZN7/5zbydqzx5D0kASGHb2QHYgsD64c+2hq393Kd22Mxud28p49vd04vUU+vcrXHDVi3DcVyhmkTlDUeljlqeqKq2O0/0"
    "trbchZBjcghgXElA74/ss13eb3BebVEKgahEMPZAQ1D3hHX4/USQAhB5mIvWJKH/jUyVv8jvuWAd8k4cdkjcrxWOYKgvEwszGI/EYl2Q"
    "FYH+aTI8V+ysMYo5nRPmWqGG/jCn6YDEEhzR+rTAj/jUaZjETTdxD+WIfKXqWEkJV0vNyz16QS8WitduyJE0MMQv2LRXAD0yDZtWFZw6"
    "NU9m9IQ11Waq0JcIaqXdnRktS40Yy/VaiblmuJ+U2nwCICuDX0oROgPt6YDa50qF/UDVu9A3wRh8Rlzy8TRswDH47o9fhQ9+hhKiguzr"
    "iHlEmbkOObiM2AE6tEAX4nG4hHgGhhE1/J5Sa/vv5Se2XCw+GY9uVdz5BiO3obrqCWLrUw1HUJtAmZiNWs0wGRkQeEVmQxAY8Dxim2x1"
    "mDLygHCPuk40OejadcoMgYNThBkrfs+L5kNimYZTJmVUrEazC/z5S2OBLumiKPR5xvbkkAVGLEkFuiVcvjtepkbNcT1BLW+fcj0QQniV"
    "8GVqES88ClYZj4phfCv/Cnqzbx+PblTubeRsdr01k4WUqiiZpApKGjv5vAzbMx/vzL7Of83dzCjh4+qS1ZlOdD7kRv2+6wytWKQuhU4v"
    "cveFp2Bes1/FswqcKkjTDyDAFS0qxfDu/8whbyWw2UGXlxmrGNQB27NcToh/adJ2LiJHB/wNpgbv9FER/ts/aL8BpAPEhQ=="
)


def executable(version: str) -> bytes:
    """A file with a version of up to four numbers, none above 65535."""
    numbers = [*(int(one) for one in version.replace("-", ".").split(".")), 0, 0, 0][:4]
    text = ".".join(f"{one:05d}" for one in numbers).encode()
    return zlib.decompress(base64.b64decode(ASSEMBLY)).replace(NUMBERS, text)
