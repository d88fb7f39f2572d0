"""Country codes that name the same country (X.402 18.4: numeric and alphabetic values may be equivalent).

The data country codes of X.121 are those of public data networks; several belong to one country.
"""

from __future__ import annotations

__all__ = ["ALPHA_2"]

_CODES = """
GR 202  NL 204 205  BE 206  FR 208 209 210 211  MC 212  ES 214 215  HU 216  YU 220  IT 222 223 224  RO 226  CH 228 229
CZ 230  SK 231  AT 232 233  GB 234 235 236 237  DK 238 239  SE 240  NO 242  FI 244  LT 246  LV 247  EE 248  RU 250 251
UA 255  BY 257  MD 259  PL 260 261  DE 262 263 264 265  GI 266  PT 268  LU 270  IE 272  IS 274  AL 276  MT 278  CY 280
BG 284  TR 286  CA 302 303  US 310 311 312 313 314 315 316  MX 334 335  IN 404  PK 410  LK 413  LB 415  JO 416  KW 419
SA 420  OM 422  IL 425  BH 426  QA 427  IR 432  JP 440 441 442 443  KR 450 480 481  VN 452  HK 453 454  MO 455  CN 460
TW 466 487 488  MY 502  AU 505  ID 510  PH 515  TH 520  SG 525  NZ 530  EG 602  DZ 603  MA 604  TN 605  NG 621  KE 639
ZW 648  ZA 655  AR 722  BR 724 725  CL 730  CO 732  VE 734  EC 740  UY 748
"""


def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    alpha = ""
    for word in _CODES.split():
        if word.isalpha():
            alpha = word
        else:
            table[word] = alpha
    return table


ALPHA_2: dict[str, str] = _table()
"""X.121 data country code to ISO 3166 alpha-2 code."""
