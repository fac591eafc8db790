// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The exception of the CIM cmdlets, for Get-CimInstance.ps1 and Invoke-CimMethod.ps1.
// https://learn.microsoft.com/dotnet/api/microsoft.management.infrastructure.cimexception
// https://learn.microsoft.com/windows/win32/wmisdk/wmi-error-constants

using System;
using System.Collections.Generic;
using System.Management.Automation;

namespace Engine
{
    // As Microsoft.Management.Infrastructure.NativeErrorCode has them.
    public enum NativeErrorCode
    {
        Ok = 0, Failed = 1, AccessDenied = 2, InvalidNamespace = 3, InvalidParameter = 4, InvalidClass = 5, NotFound = 6,
        InvalidQuery = 15, MethodNotFound = 17
    }

    public class CimException : Exception
    {
        private static readonly Dictionary<NativeErrorCode, uint> results = new Dictionary<NativeErrorCode, uint>
        {
            { NativeErrorCode.Failed, 0x80041001 }, { NativeErrorCode.AccessDenied, 0x80041003 },
            { NativeErrorCode.InvalidNamespace, 0x8004100e }, { NativeErrorCode.InvalidClass, 0x80041010 },
            { NativeErrorCode.InvalidQuery, 0x80041017 }, { NativeErrorCode.MethodNotFound, 0x80041055 },
        };

        public NativeErrorCode NativeErrorCode { get; private set; }
        public string MessageId { get { return $"HRESULT 0x{results[NativeErrorCode]:x8}"; } }

        public CimException(string message, NativeErrorCode code) : base(message)
        {
            NativeErrorCode = code;
            HResult = unchecked((int)results[code]);
        }

        public static CimException Of(Exception error)
        {
            var failure = error as HostFailure ?? error.InnerException as HostFailure;
            bool denied = failure != null && failure.Kind == "denied";
            return error as CimException ?? error.InnerException as CimException ?? new CimException(
                (failure ?? error).Message, denied ? NativeErrorCode.AccessDenied : NativeErrorCode.Failed);
        }

        public ErrorRecord Record(string cmdlet)
        {
            string id = MessageId + ",Microsoft.Management.Infrastructure.CimCmdlets." + cmdlet;
            return new ErrorRecord(this, id, ErrorCategory.NotSpecified, null);
        }
    }
}
