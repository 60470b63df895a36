"""The banks to which businesses can pay where no number that is asked for says which one it is: by their BIC of eight.

The merchant API gives them as `banks` and takes one as `beneficiary_bank_id` (reference/flip-api.md §6.2, §6.3). People
who pay give a SWIFT code instead. Why there is a list, and what its rows were compared with: docs/decisions/0108.
"""

from collections.abc import Mapping

CHINA = {
    "ABOCCNBJ": "Agricultural Bank of China",
    "COMMCNSH": "Bank of Communications",
    "BKCHCNBJ": "Bank of China",
    "CIBKCNBJ": "China CITIC Bank",
    "PCBCCNBJ": "China Construction Bank",
    "EVERCNBJ": "China Everbright Bank",
    "CMBCCNBS": "China Merchants Bank",
    "MSBCCNBJ": "China Minsheng Bank",
    "HXBKCNBJ": "Hua Xia Bank",
    "ICBKCNBJ": "ICBC",
    "FJIBCNBA": "Industrial Bank",
    "SZDBCNBS": "Ping An Bank",
    "PSBCCNBJ": "Postal Savings Bank of China",
    "SPDBCNSH": "Shanghai Pudong Development Bank",
}
HONG_KONG = {
    "BKCHHKHH": "Bank of China (Hong Kong)",
    "BEASHKHH": "Bank of East Asia",
    "CCBQHKAX": "China Construction Bank (Asia)",
    "CITIHKAX": "Citibank (Hong Kong) Limited",
    "CITIHKHX": "Citibank N.A., Hong Kong branch",
    "DHBKHKHH": "DBS Bank (Hong Kong)",
    "HASEHKHH": "Hang Seng Bank",
    "HSBCHKHH": "HSBC",
    "UBHKHKHH": "ICBC (Asia)",
    "SCBLHKHH": "Standard Chartered Bank (Hong Kong)",
}
JAPAN = {
    "JPPSJPJ1": "Japan Post Bank",
    "MHCBJPJT": "Mizuho Bank",
    "BOTKJPJT": "MUFG Bank",
    "RAKTJPJT": "Rakuten Bank",
    "DIWAJPJT": "Resona Bank",
    "LTCBJPJT": "SBI Shinsei Bank",
    "NTSSJPJT": "SBI Sumishin Net Bank",
    "SMBCJPJT": "Sumitomo Mitsui Banking Corporation",
}
KOREA = {
    "CITIKRSX": "Citibank Korea",
    "KOEXKRSE": "Hana Bank",
    "IBKOKRSE": "Industrial Bank of Korea",
    "CZNBKRSE": "KB Kookmin Bank",
    "KODBKRSE": "Korea Development Bank",
    "NACFKRSE": "NongHyup Bank",
    "SHBKKRSE": "Shinhan Bank",
    "SCBLKRSE": "Standard Chartered Bank Korea",
    "HVBKKRSE": "Woori Bank",
}
MALAYSIA = {
    "ARBKMYKL": "AmBank",
    "BIMBMYKL": "Bank Islam",
    "BKRMMYKL": "Bank Rakyat",
    "BSNAMYK1": "Bank Simpanan Nasional",
    "CIBBMYKL": "CIMB Bank",
    "HLBBMYKL": "Hong Leong Bank",
    "HBMBMYKL": "HSBC Malaysia",
    "MBBEMYKL": "Maybank",
    "OCBCMYKL": "OCBC Malaysia",
    "PBBEMYKL": "Public Bank",
    "RHBBMYKL": "RHB Bank",
    "SCBLMYKX": "Standard Chartered Bank Malaysia",
    "UOVBMYKL": "UOB Malaysia",
}
PHILIPPINES = {
    "BOPIPHMM": "Bank of the Philippine Islands",
    "BNORPHMM": "BDO Unibank",
    "CHBKPHMM": "China Banking Corporation",
    "DBPHPHMM": "Development Bank of the Philippines",
    "EWBCPHMM": "EastWest Bank",
    "TLBPPHMM": "Land Bank of the Philippines",
    "MBTCPHMM": "Metrobank",
    "PNBMPHMM": "Philippine National Bank",
    "RCBCPHMM": "RCBC",
    "SETCPHMM": "Security Bank",
    "UBPHPHMM": "UnionBank",
}
SINGAPORE = {
    "BKCHSGSG": "Bank of China Singapore",
    "CIBBSGSG": "CIMB Bank Singapore",
    "CITISGSL": "Citibank Singapore Limited",
    "CITISGSG": "Citibank N.A., Singapore branch",
    "DBSSSGSG": "DBS Bank",
    "HSBCSGS2": "HSBC Bank (Singapore) Limited",
    "HSBCSGSG": "HSBC, Singapore branch",
    "MBBESGS2": "Maybank Singapore Limited",
    "MBBESGSG": "Malayan Banking Berhad, Singapore branch",
    "OCBCSGSG": "OCBC Bank",
    "SCBLSG22": "Standard Chartered Bank (Singapore) Limited",
    "SCBLSGSG": "Standard Chartered Bank, Singapore branch",
    "UOVBSGSG": "United Overseas Bank",
}
THAILAND = {
    "BKKBTHBK": "Bangkok Bank",
    "AYUDTHBK": "Bank of Ayudhya (Krungsri)",
    "UBOBTHBK": "CIMB Thai Bank",
    "GSBATHBK": "Government Savings Bank",
    "KASITHBK": "Kasikornbank",
    "KRTHTHBK": "Krungthai Bank",
    "SICOTHBK": "Siam Commercial Bank",
    "TMBKTHBK": "TMBThanachart Bank",
    "UOVBTHBK": "UOB Thailand",
}
VIETNAM = {
    "ASCBVNVX": "ACB",
    "VBAAVNVX": "Agribank",
    "BIDVVNVX": "BIDV",
    "EBVIVNVX": "Eximbank",
    "HDBCVNVX": "HDBank",
    "MSCBVNVX": "MB Bank",
    "SGTTVNVX": "Sacombank",
    "VTCBVNVX": "Techcombank",
    "TPBVVNVX": "TPBank",
    "BFTVVNVX": "Vietcombank",
    "ICBVVNVX": "VietinBank",
    "VPBKVNVX": "VPBank",
}

BANKS: Mapping[str, Mapping[str, str]] = {
    "CN": CHINA,
    "HK": HONG_KONG,
    "JP": JAPAN,
    "KR": KOREA,
    "MY": MALAYSIA,
    "PH": PHILIPPINES,
    "SG": SINGAPORE,
    "TH": THAILAND,
    "VN": VIETNAM,
}
"""By country, the names of its banks by their ids."""
