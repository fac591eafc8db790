// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Assemblies by the source that they were compiled from, in this process and in a folder, for Add-CSharpType.ps1.

using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Engine
{
    public static class Types
    {
        private static readonly Dictionary<string, Assembly> known = new Dictionary<string, Assembly>();

        public static Assembly Find(string source)
        {
            if (!known.ContainsKey(source) && File.Exists(Place(source)))
            {
                known[source] = Assembly.LoadFrom(Place(source));
            }
            return known.TryGetValue(source, out Assembly found) ? found : null;
        }

        public static void Keep(string source, Assembly assembly, byte[] bytes)
        {
            known[source] = assembly;
            // As a whole or not at all: others may be reading it.
            string part = Place(source) + "." + Environment.ProcessId;
            File.WriteAllBytes(part, bytes);
            File.Move(part, Place(source), true);
        }

        private static string Place(string source)
        {
            string versions = "\0" + typeof(PSObject).Assembly.GetName().Version + "\0" + Environment.Version;
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(source + versions));
            return Path.Combine(Worker.Cache, "Types-" + Convert.ToHexString(hash) + ".dll");
        }
    }
}
